"""From intents to movements: post what is new, and post again what changed.

Belongs here: writing movement rows, and the one mechanism of re-posting. Does not belong here: deciding what an event
should post (`posting.py`, `allocate.py`, `counts.py`).

An intent says: this content holds from since_us to until_us of known time. It becomes a movement known at
since_us and, where it ends, a reversal known at until_us. Re-posting compares, content by content and known time by
known time, what should stand with what stands, and appends the difference. Nothing is ever changed or removed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from pipelines.ledger import hashing
from pipelines.ledger.keys import LOW_MASK, low_sql
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.owner.reference.versions import END
from pipelines.owner.working import MOVE_CONTENT, Table, Work
from pipelines.sql_text import listed
from pipelines.states import STOCK_STATES

CONTENT: Final = tuple(MOVE_CONTENT)
"""What makes two rows the same movement, known time and sign aside; instants in µs."""

_CONTENT: Final = ", ".join(CONTENT)
_PIECE_ROWS: Final = 30_720
_ID_MASK: Final = "9223372036854775807::UHUGEINT"


def begin(work: Work, ledger_folder: Path) -> None:
    """Make the empty table of the batch's new movements, and the view of all that stand."""
    work.make(work.new_moves)
    see_all(work, ledger_folder)


def see_all(work: Work, ledger_folder: Path, bulk: str | None = None) -> None:
    """(Re)make the views of movements: `all_movements` (the table, and the files that big batches wrote) and `moved_now` (the batch's).

    `bulk` is the relation of what this batch wrote straight to a file; null where it did not.
    """
    paths = [row[0] for row in work.execute("select path from bulk_files").fetchall()]
    files = listed(ledger_folder / path for path in paths)
    now = (
        f"select * exclude (reverses_movement_id) from {work.new_moves} union all by name from {bulk}" if bulk else f"from {work.new_moves}"
    )
    work.execute(f"create or replace temp view {work.moved_now} as {now}")
    work.execute(
        f"create or replace temp view {work.all_movements} as from ledger.movements"
        + (f" union all by name from read_parquet([{files}], union_by_name = true)" if paths else "")
    )


def post_first(work: Work, intents: str) -> None:
    """Post intents of events that have posted nothing before. `intents` also has event_lo.

    A part may have several spans of known time, where reference data that the same batch brings changes what it means: each
    is a movement with an id of its own, the first with the one that the part has where there is no other.
    """
    first = "(event_lo >> 1)::BIGINT"
    work.execute(f"""
        create or replace temp table {work.first_intents} as
        select *, case
            when since_us > min(since_us) over (partition by event_id, sub_no, part) then {_hashed_id("sub_no, part, since_us")}
            when part = 'all' and sub_no = 0 then {first}
            else {_hashed_id("sub_no, part")} end as movement_id
        from ({intents})""")
    if work.count(f"{work.batch_units} where is_retry"):
        # what was accepted, taken back and accepted again posts anew, as movements of its own
        work.execute(f"""
            update {work.first_intents} set movement_id = {_hashed_id("sub_no, part, since_us")}
            where event_id in (select event_id from {work.all_movements} where event_id in (select event_id from {work.first_intents}))""")
    work.execute(
        f"insert into {work.new_moves} select movement_id, event_lo, {_CONTENT}, since_us as known_us, false, null from {work.first_intents}"
    )
    if work.count(f"{work.first_intents} where until_us < {END}"):
        swapped = _swapped(f"'-', {_LOW}, until_us, sub_no, part")
        work.execute(
            f"insert into {work.new_moves} select {swapped}, until_us as known_us, true, movement_id from {work.first_intents} where until_us < {END}"
        )


def want(work: Work, intents: str) -> None:
    """Make `wanted` of intents: what the events in `scope` should post."""
    work.execute(
        f"create or replace temp table {work.wanted} as select * exclude (event_lo, sub_no, part), 1 as base_sign from ({intents})"
    )


def repost(work: Work) -> int:
    """Make what stands of the events in `scope` (event_id) equal to what should: `wanted`, a table of intents.

    `wanted` has a movement's content, since_us, until_us and base_sign (−1: a reversal of its own, as a void's).

    Appends to `new_moves`; returns how many rows that were.
    """
    work.execute(f"create or replace temp table {work.standing} as {standing_sql(work, work.scope)}")
    work.execute(f"""
        create or replace temp table {work.missing} as
        select {_CONTENT}, known_us, sum(sign)::BIGINT as sign from (
            select {_CONTENT}, since_us as known_us, base_sign as sign from {work.wanted} where since_us < until_us
            union all select {_CONTENT}, until_us, -base_sign from {work.wanted} where since_us < until_us and until_us < {END}
            union all select {_CONTENT}, known_us, -sign from {work.standing}
        ) group by all having sum(sign) <> 0""")
    count = work.count(work.missing)
    if not count:
        return 0
    work.execute(f"""
        create or replace temp table {work.numbered} as
        select * exclude (copy), row_number() over (partition by known_us, sign > 0, {", ".join(_IDENTIFYING)} order by {", ".join(CONTENT)}) - 1 as copy_no from (
            select m.*, unnest(range(abs(m.sign))) as copy,
                (select count(*) from {work.standing} s where s.event_id = m.event_id) as standing_rows
            from {work.missing} m)""")
    low = low_sql("event_id")
    work.execute(f"""
        insert into {work.new_moves}
        select {_hashed_id("'+', known_us, copy_no, standing_rows")}, {low}, {_CONTENT}, known_us, false, null from {work.numbered} where sign > 0""")
    same = " and ".join(f"p.{column} is not distinct from n.{column}" for column in CONTENT)
    work.execute(f"""
        insert into {work.new_moves}
        select {_swapped("'-', known_us, copy_no, standing_rows", prefix="n.", low=low_sql("n.event_id"))}, n.known_us, true, (
            select arg_max(p.movement_id, p.known_us) from (
                select {_CONTENT}, known_us, movement_id from {work.standing} where not is_reversal
                union all select {_CONTENT}, known_us, movement_id from {work.new_moves} where not is_reversal and event_id in (select event_id from {work.scope})
            ) p where p.known_us <= n.known_us and {same})
        from {work.numbered} n where sign < 0""")
    return int(count)


def standing_sql(work: Work, events: Table) -> str:
    """SQL of what the events of a relation (event_id) have posted so far, with known_us, movement_id and is_reversal.

    Turned so that a reversal has its original's content, and sign −1.
    """
    columns = ", ".join("epoch_us(occurred_at) as occurred_us" if column == "occurred_us" else column for column in CONTENT)
    chosen = f"event_id in (select event_id from {events})"
    return f"""
        select {_ORIENTED}, known_us, case when is_reversal then -1 else 1 end as sign, movement_id, is_reversal
        from (
            select {columns}, epoch_us(known_at) as known_us, movement_id, is_reversal from {work.all_movements} where {chosen}
            union all select {_CONTENT}, known_us, movement_id, is_reversal from {work.new_moves} where {chosen}
        )"""


def spans_sql(work: Work, events: Table) -> str:
    """SQL of the same as spans of known time: content, since_us, until_us, for as long as it stands."""
    return f"""
        select {_CONTENT}, known_us as since_us, coalesce(next_us, {END}) as until_us from (
            select *, sum(sign) over (partition by {_CONTENT} order by known_us) as level,
                lead(known_us) over (partition by {_CONTENT} order by known_us) as next_us
            from (select {_CONTENT}, known_us, sum(sign) as sign from ({standing_sql(work, events)}) group by all having sum(sign) <> 0)
        ) where level > 0"""


_IDENTIFYING: Final = (
    "event_id",
    "item_id",
    "from_location_id",
    "from_stock_state",
    "to_location_id",
    "to_stock_state",
    "units",
    "lot_code",
)
"""Of a movement's content what its id is made of; rows that differ in the rest alone (their documents) are told apart by a number."""


def _hashed_id(parts: str, prefix: str = "") -> str:
    content = ", ".join(f"{prefix}{column}" for column in _IDENTIFYING)
    return f"(md5_number(concat_ws('|', {content}, {parts})) & {_ID_MASK})::BIGINT"


_LOW: Final = "event_lo"
_SWAP: Final = {
    "from_location_id": "to_location_id",
    "to_location_id": "from_location_id",
    "from_stock_state": "to_stock_state",
    "to_stock_state": "from_stock_state",
}
# a reversal is stored with its ends swapped, so that its legs add up like any other's; turned back it has its original's content
_ORIENTED: Final = ", ".join(
    f"case when is_reversal then {_SWAP[column]} else {column} end as {column}" if column in _SWAP else column for column in CONTENT
)


def _swapped(parts: str, *, prefix: str = "", low: str = "event_lo") -> str:
    columns = ", ".join(f"{prefix}{_SWAP.get(column, column)} as {column}" for column in CONTENT)
    return f"{_hashed_id(parts, prefix)}, {low}, {columns}"


def store(work: Work, commit_id: int) -> int:
    """Append the batch's movements to the ledger; returns how many."""
    sources = {
        "occurred_at": "make_timestamptz(occurred_us)",
        "known_at": "make_timestamptz(known_us)",
        "commit_id": f"{commit_id}::BIGINT",
    }
    columns = ", ".join(f"{sources.get(column, column)} as {column}" for column in LEDGER_TABLES["movements"])
    work.execute(f"insert into ledger.movements select {columns} from {work.new_moves}")
    return int(work.count(work.new_moves))


def hash_change(work: Work, moved: str | None = None) -> tuple[int, int]:
    """What new movements (the batch's, or a relation like it) add to both sums of the ledger hash."""
    states = " ".join(f"when '{state}' then {number}" for number, state in enumerate(STOCK_STATES, start=1))
    turned = "case when is_reversal then {0} else {1} end"

    def state_of(column: str) -> str:
        return f"case {column} {states} else case when {column} is null then 0 else 99 end end"

    leaves_from, leaves_to = state_of("from_stock_state"), state_of("to_stock_state")
    words = [
        "event_lo >> 1",  # as much as a first movement's id keeps of it
        "item_id::UBIGINT",
        turned.format("to_location_id", "from_location_id") + "::UBIGINT",
        turned.format("from_location_id", "to_location_id") + "::UBIGINT",
        f"(100 * {turned.format(leaves_to, leaves_from)} + {turned.format(leaves_from, leaves_to)})::UBIGINT",
        "units::UBIGINT",
        "(occurred_us + 4611686018427387904)::UBIGINT",
        "owner_id::UBIGINT",
        f"case when lot_code = '' then 0::UBIGINT else (md5_number(lot_code) & {LOW_MASK})::UBIGINT end",
    ]
    listed = ", ".join(f"{word} as w{number}" for number, word in enumerate(words))
    a = b = 0
    # by pieces that fit the processor's cache
    for piece in work.con.sql(
        f"select {listed}, case when is_reversal then -1 else 1 end::TINYINT as sign from {moved or work.new_moves}"
    ).to_arrow_reader(_PIECE_ROWS):
        # by way of Polars: Arrow's own way to NumPy would import pandas
        *columns, signs = (column.to_numpy() for column in pl.DataFrame(pl.from_arrow(piece)).iter_columns())
        piece_a, piece_b = hashing.hash_sums(columns, signs)
        a, b = hashing.add(a, piece_a), hashing.add(b, piece_b)
    return a, b
