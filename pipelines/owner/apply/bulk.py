"""The short way for big batches: from segments to a ledger file in one query.

Belongs here: posting the plain rows of a big batch without keeping them in the warehouse. Does not belong here: rows
that need more than themselves; they are left to the long way (`batch.py`).

Plain is: of a kind that posts by itself as a whole, surely new, every code known and with one meaning. Such rows need
no working tables; they are joined, written as Parquet, and listed. The file counts when the transaction that lists it
commits; one left by a crash is listed by nobody and is deleted with the other leftovers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.durable import sync
from pipelines.ledger.keys import event_id_sql, key_sql
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.owner.apply import batch
from pipelines.owner.apply.common import Common, agreed
from pipelines.owner.apply.documents import ALSO_POSTING
from pipelines.owner.apply.identity import KeyFilter, Keys, suspects
from pipelines.owner.apply.resolve import Incoming, name_owners, resolve_sql
from pipelines.owner.apply.zones import home_zones, shifts_of
from pipelines.owner.posting.moves import CONTENT
from pipelines.owner.posting.posting import intents_sql, posting_kinds, rule_number_sql, rules
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.sql_text import listed, literal, one_of
from pipelines.states import STOCK_STATES

BULK_ROWS: Final = 20_000
"""From this many rows on a file of its own is worth it."""

PLAIN_KINDS: Final = tuple(sorted(posting_kinds() - {rule.event_kind for rule in rules() if rule.part != "all"} - {*ALSO_POSTING, "pick"}))

# written as enumerations: their few words are known, which spares the writer finding out
_WORDS: Final = {
    "movement_kind": sorted(posting_kinds()),
    "from_stock_state": list(STOCK_STATES),
    "to_stock_state": list(STOCK_STATES),
}
_FEW_WORDS: Final = ("document_kind", "currency_code")  # few in a batch, but not known beforehand

_MOST_WORDS: Final = 100

_FORM: Final = "format parquet, compression lz4_raw, dictionary_size_limit 500"
"""Other texts and ids are hardly ever the same in a batch: looking for a dictionary costs more than it spares."""


def post_plain(work: Work, units: Sequence[batch.Unit], seen: KeyFilter, path: Path, commit_id: int, now_us: int) -> tuple[Keys, int]:
    """Post the plain rows of the units; fills `leftover` (unit_no, line_no) with the others.

    `batch_units` must name the units. Returns the 64-bit keys of all rows in order, and how many rows were posted.
    """
    columns = {column for u in units for column in u.columns}
    incoming = Incoming([u.path for u in units if u.path], columns, retries=False, common=_common(work, units))
    name_owners(work.con, incoming)
    got = work.execute(f"select key_lo from ({incoming.without_units().relation()})").fetchnumpy()
    keys: Keys = np.sort(np.asarray(got["key_lo"], dtype=np.uint64))
    doubt = _leave_doubtful(work, incoming, suspects(keys, seen))
    feeds = sorted({unit.feed for unit in units})
    posted = _copy(work, incoming if doubt else incoming.without_units(), path, commit_id, now_us, has_doubt=doubt > 0, feeds=feeds)
    if posted == 0:
        path.unlink(missing_ok=True)
    if posted < len(keys) - doubt:
        missing = f"anti join read_parquet({literal(path)}) m on m.event_id = e.event_id" if posted else ""
        # of a segment without the column the revision is null, beside others that have it
        event_id = event_id_sql(key_sql(), f"coalesce({incoming.column('source_revision', '')}, 0)")
        work.execute(f"""
            insert into {work.leftover}
            select e.unit_no, e.line_no from (
                select unit_no, source_line::BIGINT as line_no, {event_id} as event_id from ({incoming.relation()})) e
            {missing} anti join {work.leftover} l on l.unit_no = e.unit_no and l.line_no = e.line_no""")
    if posted:
        _remember(work, incoming)
    return keys, posted


def _leave_doubtful(work: Work, incoming: Incoming, keys: Keys) -> int:
    """Make `leftover` of the rows with these keys; returns how many there are."""
    work.hold_columns(work.suspects, {"key_lo": keys})
    chosen = f"select unit_no, source_line::BIGINT as line_no from ({incoming.relation()}) semi join {work.suspects} using (key_lo)"
    none = "select null::INTEGER as unit_no, null::BIGINT as line_no limit 0"
    work.execute(f"create or replace temp table {work.leftover} as {chosen if len(keys) else none}")
    return work.count(work.leftover)


def _common(work: Work, units: Sequence[batch.Unit]) -> Common:
    """What the segments' rows have in common, and the shifts of the zones over their span, where that is known."""
    of_units = agreed([{"known_us": u.known_us, "feed": u.feed, "source_system": u.source_system} for u in units])
    spans = [u.span_us for u in units if u.span_us is not None]
    low, high = (min(low for low, _ in spans), max(high for _, high in spans)) if spans else (0, 0)
    shifts = shifts_of(work.con, home_zones(work.con), low, high) if units and len(spans) == len(units) else []
    return Common(agreed([u.constants for u in units]), of_units, tuple(shifts))


def _copy(work: Work, incoming: Incoming, path: Path, commit_id: int, now_us: int, *, has_doubt: bool, feeds: Sequence[str]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = f"""(
        select *, {rule_number_sql(("all",))} as rule_number from ({resolve_sql(incoming, now_us=now_us)})
        where event_kind in {one_of(PLAIN_KINDS)} and problem is null and until_us = {END} and item_kind in ('stock', 'kit'))"""
    chosen = f"anti join {work.leftover} l on l.unit_no = e.unit_no and l.line_no = e.line_no" if has_doubt else ""
    known = {
        "movement_id": "(event_lo >> 1)::BIGINT",
        "occurred_at": "make_timestamptz(occurred_us)",
        "known_at": "make_timestamptz(since_us)",
        "is_reversal": "false",
        "reverses_movement_id": "null::BIGINT",
        "commit_id": f"{commit_id}::BIGINT",
        **{column: f"{column}::{_enum(words)}" for column, words in {**_WORDS, "source_feed": feeds, **_words_of(work, incoming)}.items()},
    }
    columns = ", ".join(f"{known.get(column, column)} as {column}" for column in LEDGER_TABLES["movements"])
    return int(
        work.execute(f"""
        copy (select {columns} from ({intents_sql(f"(select e.* from {plain} e {chosen} where rule_number is not null)")}))
        to {literal(path)} ({_FORM})""").fetchall()[0][0]
    )


def _words_of(work: Work, incoming: Incoming) -> dict[str, list[str]]:
    """Words of the columns that have few in this batch."""
    said = {name: incoming.common.values.get(name) for name in _FEW_WORDS}
    if all(said.values()):
        return {name: [str(word)] for name, word in said.items()} | ({} if incoming.has("lot_code") else {"lot_code": [""]})
    listed = ", ".join(f"list(distinct {incoming.column(name)})" for name in _FEW_WORDS)
    found = work.execute(f"select {listed} from ({incoming.relation()}) e").fetchall()[0]
    words = {name: sorted(word for word in some or () if word is not None) for name, some in zip(_FEW_WORDS, found, strict=True)}
    if not incoming.has("lot_code"):
        words["lot_code"] = [""]
    return {name: some for name, some in words.items() if 0 < len(some) <= _MOST_WORDS}


def _remember(work: Work, incoming: Incoming) -> None:
    rest = f"anti join {work.leftover} l on l.unit_no = e.unit_no and l.line_no = e.source_line" if work.count(work.leftover) else ""
    work.execute(f"""
        insert into identity
        select {key_sql()}, coalesce({incoming.column("source_revision")}, 0)::INTEGER, payload_hash, known_us
        from ({incoming.relation()}) e {rest}""")
    if incoming.has("target_hi"):
        work.execute(f"""
            insert into line_keys
            select {key_sql(name="target")}, {key_sql()}
            from ({incoming.relation()}) e {rest} where event_kind = 'sale' and target_hi is not null""")


def make_durable(path: Path) -> None:
    """Before the transaction that lists the file commits, it must be on the disk."""
    sync(path)
    sync(path.parent)


def moved_sql(path: Path) -> str:
    """SQL of a bulk file as if it were the batch's new movements."""
    columns = ", ".join("epoch_us(occurred_at) as occurred_us" if column == "occurred_us" else column for column in CONTENT)
    rest = "epoch_us(known_at) as known_us, false as is_reversal"
    return f"(select movement_id, movement_id::UBIGINT * 2 as event_lo, {columns}, {rest} from read_parquet({literal(path)}))"


def _enum(words: Sequence[str]) -> str:
    return f"enum({listed(words)})"
