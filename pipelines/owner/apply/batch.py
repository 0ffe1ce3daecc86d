"""A batch: which rows of it count, which are copies, which are set aside.

Belongs here: bringing segments and retried rows together, resolving them, judging identity, and the outcome of every
row. Does not belong here: what accepted events post (`apply.py`).

A batch's tables (temporary): `batch_units` (its units of work), `resolved` (its events), `exceptions` (rows that are not
simply accepted: unit_no, line_no, outcome, reason_code), `limits` and `ends` (revisions), `accepted` (a view).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from pipelines.ledger.keys import event_id_sql, key_sql
from pipelines.owner.apply.common import Value
from pipelines.owner.apply.identity import JUDGE_SQL, KeyFilter, Keys, doubtful
from pipelines.owner.apply.resolve import WAITS, Incoming, name_owners, resolve_sql
from pipelines.owner.handover import SMALL, TEXT, TRUTH, WHOLE, temp_rows, temp_table
from pipelines.owner.reference.versions import END
from pipelines.sql_text import listed

if TYPE_CHECKING:
    import duckdb


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """A unit of work in a batch: a new segment, or (retry) a unit some of whose rows are tried again."""

    unit_id: str
    delivery_id: str
    feed: str
    source_system: str
    known_us: int
    path: Path | None
    columns: tuple[str, ...]
    is_copy: bool = False
    """Its delivery's content came before under another path: nothing of it is set aside, all of it is known."""
    constants: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    """Texts and offsets that are the same in all rows of the segment, as far as they are known."""
    span_us: tuple[int, int] | None = None
    """The earliest and the latest time in the segment, UTC or local; null where they are not known."""

    @property
    def is_retry(self) -> bool:
        """Whether only waiting rows of it are in the batch."""
        return self.path is None


@dataclasses.dataclass(slots=True)
class Profile:
    """What kinds of rows a batch has, so that rare steps cost nothing when nothing needs them."""

    kinds: set[str] = dataclasses.field(default_factory=set)
    feeds: set[str] = dataclasses.field(default_factory=set)
    has_problems: bool = False
    has_bundles: bool = False
    has_cuts: bool = False
    rows: int = 0

    def any_of(self, *kinds: str) -> bool:
        """Whether a row of one of the kinds is there."""
        return not self.kinds.isdisjoint(kinds)


def bring_together(con: duckdb.DuckDBPyConnection, units: Sequence[Unit], *, now_us: int, only: str = "", rows: str = "") -> Incoming:
    """Make `resolved` of the units' segments and of `retried`, the waiting rows tried again; see Incoming for `only` and `rows`."""
    name_units(con, units)
    paths = [u.path for u in units if u.path is not None]
    columns = {column for u in units if not u.is_retry for column in u.columns}
    incoming = Incoming(paths, columns, retries=any(u.is_retry for u in units), only=only, rows=rows)
    name_owners(con, incoming)
    con.execute(f"create or replace temp table resolved as {resolve_sql(incoming, now_us=now_us)}")
    return incoming


def name_units(con: duckdb.DuckDBPyConnection, units: Sequence[Unit]) -> None:
    """Make `batch_units`, the batch's units by number."""
    temp_rows(con, "batch_units", _UNIT, [
        (number, u.unit_id, u.delivery_id, str(u.path) if u.path else None, u.feed, u.source_system, u.known_us, u.is_copy, u.is_retry)
        for number, u in enumerate(units)
    ])  # fmt: skip


def profile(con: duckdb.DuckDBPyConnection) -> Profile:
    """Look over `resolved` once."""
    found = Profile()
    for kind, feed, problem, is_bundle, is_cut, rows in con.execute(f"""
        select event_kind, feed, problem, item_kind = 'bundle', until_us < {END}, count(*) from resolved group by all""").fetchall():
        found.kinds.add(kind)
        found.feeds.add(feed)
        found.rows += rows
        found.has_problems |= problem is not None
        found.has_bundles |= bool(is_bundle) or kind in ("kit_assemble", "kit_break")
        found.has_cuts |= bool(is_cut)
    return found


def judge(con: duckdb.DuckDBPyConnection, seen: KeyFilter, profile: Profile) -> Keys:
    """Fill `exceptions`, `limits` and `ends`; returns the 64-bit keys of the batch, for the filter to remember."""
    con.execute("create or replace temp table exceptions (unit_no INTEGER, line_no BIGINT, outcome VARCHAR, reason_code VARCHAR)")
    con.execute("create or replace temp table limits (unit_no INTEGER, line_no BIGINT, limit_us BIGINT)")
    con.execute("create or replace temp table ends (event_id UUID, end_us BIGINT)")
    con.execute("create or replace temp table ended_revisions (event_key UUID, revision INTEGER, end_us BIGINT)")
    distinct = "distinct" if profile.has_cuts else ""
    got = con.execute(
        f"select {distinct} r.unit_no, r.line_no, r.key_lo from resolved r join batch_units u using (unit_no) where not u.is_retry"
    ).fetchnumpy()
    keys: Keys = np.asarray(got["key_lo"], dtype=np.uint64)
    doubt = doubtful(keys, seen)
    is_doubtful = bool(doubt.any())
    if is_doubtful:
        _judge_doubtful(con, np.asarray(got["unit_no"])[doubt], np.asarray(got["line_no"])[doubt])
    if profile.has_problems:
        # of a copied delivery nothing is set aside: what was refused the first time is known
        con.execute(f"""
            insert into exceptions
            select e.unit_no, e.line_no, case when u.is_copy and e.problem not in ({_WAITS}) then 'duplicate' else 'quarantined' end,
                case when u.is_copy and e.problem not in ({_WAITS}) then null else e.problem end
            from (select unit_no, line_no, arg_max_null(problem, until_us) as problem from resolved group by all) e
            join batch_units u using (unit_no) anti join exceptions x using (unit_no, line_no) where e.problem is not null""")
    if is_doubtful or con.execute("select count(*) from batch_units where is_retry").fetchall()[0][0]:
        _order_revisions(con)
    return keys


def _judge_doubtful(con: duckdb.DuckDBPyConnection, unit_no: np.ndarray, line_no: np.ndarray) -> None:
    temp_table(con, "doubtful_lines", {"unit_no": SMALL, "line_no": WHOLE}, {"unit_no": unit_no, "line_no": line_no})
    con.execute(f"""
        create or replace temp table doubtful_rows as
        select unit_no, line_no, any_value(known_us) as known_us, any_value(event_key) as event_key, any_value(event_id) as event_id,
            any_value(revision) as revision, any_value(payload_hash) as payload_hash,
            coalesce(arg_max_null(problem, until_us) not in ({_WAITS}), false) as is_refused
        from resolved semi join doubtful_lines using (unit_no, line_no) group by unit_no, line_no""")
    con.execute(f"create or replace temp table judged as {JUDGE_SQL}")
    con.execute("""
        insert into exceptions
        select j.unit_no, j.line_no,
            case when j.outcome = 'duplicate' or u.is_copy then 'duplicate' else 'quarantined' end,
            case when j.outcome = 'duplicate' or u.is_copy then null else 'conflicting_payload' end
        from judged j join batch_units u using (unit_no) where j.outcome in ('duplicate', 'conflict')""")


def _order_revisions(con: duckdb.DuckDBPyConnection) -> None:
    """Of several revisions of one key the highest that is known and can be posted counts; the others end when it begins.

    A row that waits ends nothing; it is overtaken by any higher revision, waiting or not.
    """
    con.execute(f"""
        create or replace temp table waiting_keys as
        select {key_sql()} as event_key, coalesce(source_revision, 0)::INTEGER as revision from waiting""")
    rows = con.execute(f"""
        with mine as (
            select r.unit_no, r.line_no, any_value(r.event_key) as event_key, any_value(r.revision) as revision, min(r.since_us) as since_us,
                any_value(u.is_retry) as is_retry, any_value(x.outcome) as outcome, any_value(x.reason_code) as reason_code
            from resolved r join batch_units u using (unit_no) left join exceptions x using (unit_no, line_no) group by r.unit_no, r.line_no),
        fresh as (select * from mine where outcome is null or reason_code in ({_WAITS})),
        several as (
            select event_key from (
                select event_key, revision from fresh union all
                select event_key, revision from identity where event_key in (select event_key from fresh)) group by all having count(distinct revision) > 1)
        select event_key::VARCHAR, revision, since_us, unit_no, line_no, is_retry, outcome is not null as is_waiting
        from fresh where event_key in (select event_key from several)
        union all
        select i.event_key::VARCHAR, i.revision, min(i.known_us), null, null, false, (i.event_key, i.revision) in (select (event_key, revision) from waiting_keys)
        from identity i where i.event_key in (select event_key from several)
            and (i.event_key, i.revision) not in (select (event_key, revision) from fresh) group by i.event_key, i.revision""").fetchall()
    if not rows:
        return
    begun = _begun(con, [(row[0], row[1]) for row in rows if row[3] is None and not row[6]])
    by_key: dict[str, list[_Revision]] = defaultdict(list)
    for key, revision, since, unit_no, line_no, is_retry, is_waiting in rows:
        by_key[key].append(_Revision(key, revision, begun.get((key, revision), since), unit_no, line_no, is_retry, is_waiting))
    corrected: list[tuple[int, int]] = []
    overtaken: list[tuple[int, int]] = []
    limits: list[tuple[int, int, int]] = []
    ends: list[tuple[str, int, int]] = []
    for revisions in by_key.values():
        arrived = sorted(revisions, key=lambda r: (r.unit_no is not None and not r.is_retry, r.since_us, r.unit_no or 0, r.line_no or 0))
        corrected += [
            (r.unit_no, r.line_no)
            for r in arrived[1:]
            if r.unit_no is not None and r.line_no is not None and not r.is_retry and not r.is_waiting
        ]
        for mine in revisions:
            higher = [other for other in revisions if other.revision > mine.revision]
            if mine.is_waiting and higher:
                if mine.unit_no is not None and mine.line_no is not None:
                    overtaken.append((mine.unit_no, mine.line_no))
                else:
                    ends.append((mine.event_key, mine.revision, min(other.since_us for other in higher)))
                continue
            end = min((other.since_us for other in higher if not other.is_waiting), default=None)
            if mine.is_waiting or end is None:
                continue
            if mine.unit_no is not None and mine.line_no is not None:
                limits.append((mine.unit_no, mine.line_no, end))
            elif any(other.unit_no is not None for other in higher if not other.is_waiting):
                ends.append((mine.event_key, mine.revision, end))
    if overtaken:
        con.executemany("delete from exceptions where unit_no = ? and line_no = ?", overtaken)
        con.executemany("insert into exceptions values (?, ?, 'overtaken', null)", overtaken)
    if corrected:
        con.executemany("insert into exceptions values (?, ?, 'corrected', null)", corrected)
    if limits:
        con.executemany("insert into limits values (?, ?, ?)", limits)
    if ends:
        con.executemany("insert into ended_revisions values (?::UUID, ?, ?)", ends)
        con.execute(f"insert into ends select {event_id_sql('event_key', 'revision')}, end_us from ended_revisions")


@dataclasses.dataclass(frozen=True, slots=True)
class _Revision:
    """A revision of a key: one of the batch's rows (unit_no, line_no), or one known before."""

    event_key: str
    revision: int
    since_us: int
    unit_no: int | None
    line_no: int | None
    is_retry: bool
    is_waiting: bool


def _begun(con: duckdb.DuckDBPyConnection, standing: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """When revisions known before began to count: later than they came where they had to wait for something."""
    if not standing:
        return {}
    temp_rows(con, "standing_keys", {"key": TEXT, "revision": SMALL}, standing)
    con.execute(
        f"create or replace temp table standing_revisions as select key, revision, {event_id_sql('key::UUID', 'revision')} as event_id from standing_keys"
    )
    rows = con.execute("""
        select s.key, s.revision, min(k.known_us) from standing_revisions s join (
            select event_id, epoch_us(known_at) as known_us from all_movements where event_id in (select event_id from standing_revisions)
            union all select event_id, epoch_us(known_at) from ledger.events where event_id in (select event_id from standing_revisions)
            union all select event_id, since_us from kept_events where event_id in (select event_id from standing_revisions)
            union all select event_id, since_us from counts where event_id in (select event_id from standing_revisions)) k using (event_id) group by all""").fetchall()
    return {(key, revision): known for key, revision, known in rows}


def accept(con: duckdb.DuckDBPyConnection) -> None:
    """(Re)make the view `accepted`: resolved events that count, with the spans left to them."""
    is_plain = con.execute("select (select count(*) from exceptions) + (select count(*) from limits)").fetchall()[0][0] == 0
    unit = "u.unit_id, u.delivery_id"
    if is_plain:
        con.execute(
            f"create or replace temp view accepted as select r.*, {unit} from resolved r join batch_units u using (unit_no) where r.problem is null"
        )
        return
    con.execute(f"""
        create or replace temp view accepted as
        select r.* replace (least(r.until_us, coalesce(l.limit_us, r.until_us)) as until_us), {unit}
        from resolved r join batch_units u using (unit_no)
        left join limits l on l.unit_no = r.unit_no and l.line_no = r.line_no
        anti join (select unit_no, line_no from exceptions where outcome <> 'corrected') x on x.unit_no = r.unit_no and x.line_no = r.line_no
        where r.problem is null""")


def set_aside(con: duckdb.DuckDBPyConnection, rows: str, reason_code: str) -> None:
    """Set aside events of a relation (unit_no, line_no) that only now turn out to have to wait."""
    con.execute(f"""
        insert into exceptions select distinct unit_no, line_no, 'quarantined', '{reason_code}' from ({rows}) r
        anti join (select unit_no, line_no from exceptions where outcome = 'quarantined') x using (unit_no, line_no)""")
    con.execute(
        "delete from exceptions where outcome = 'corrected' and (unit_no, line_no) in (select (unit_no, line_no) from exceptions where outcome = 'quarantined')"
    )


_UNIT: Final = {
    "unit_no": SMALL, "unit_id": TEXT, "delivery_id": TEXT, "path": TEXT, "feed": TEXT, "source_system": TEXT, "known_us": WHOLE, "is_copy": TRUTH,
    "is_retry": TRUTH,
}  # fmt: skip
_WAITS: Final = listed(sorted(WAITS))

EMPTY_KEYS: Final[Keys] = np.array([], dtype=np.uint64)
