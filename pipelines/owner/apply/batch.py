"""A batch: which rows of it count, which are copies, which are set aside.

Belongs here: bringing segments and retried rows together, resolving them, judging identity, and the outcome of every
row. Does not belong here: what accepted events post (`owner.posting`).

The tables that the steps hand to each other are declared in `owner/working.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.feeds.reasons import WAITS
from pipelines.owner.apply import approval, revisions
from pipelines.owner.apply.common import Value
from pipelines.owner.apply.identity import JUDGE_SQL, KeyFilter, Keys, doubtful
from pipelines.owner.apply.resolve import Incoming, name_owners, resolve_sql
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.sql_text import listed


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


def bring_together(work: Work, units: Sequence[Unit], *, now_us: int, only: str = "", rows: str = "") -> Incoming:
    """Make `resolved` of the units' segments and of `retried`, the waiting rows tried again; see Incoming for `only` and `rows`."""
    name_units(work, units)
    work.make(work.exceptions, work.limits, work.ends, work.ended_revisions)
    paths = [u.path for u in units if u.path is not None]
    columns = {column for u in units if not u.is_retry for column in u.columns}
    incoming = Incoming(paths, columns, retries=any(u.is_retry for u in units), only=only, rows=rows)
    name_owners(work.con, incoming)
    work.execute(f"create or replace temp table {work.resolved} as {resolve_sql(incoming, now_us=now_us)}")
    approval.let_pass(work)
    return incoming


def name_units(work: Work, units: Sequence[Unit]) -> None:
    """Make `batch_units`, the batch's units by number."""
    work.hold(work.batch_units, [
        (number, u.unit_id, u.delivery_id, str(u.path) if u.path else None, u.feed, u.source_system, u.known_us, u.is_retry)
        for number, u in enumerate(units)
    ])  # fmt: skip


def profile(work: Work) -> Profile:
    """Look over `resolved` once."""
    found = Profile()
    for kind, feed, problem, is_bundle, is_cut, rows in work.execute(f"""
        select event_kind, feed, problem, item_kind = 'bundle', until_us < {END}, count(*) from {work.resolved} group by all""").fetchall():
        found.kinds.add(kind)
        found.feeds.add(feed)
        found.rows += rows
        found.has_problems |= problem is not None
        found.has_bundles |= bool(is_bundle) or kind in ("kit_assemble", "kit_break")
        found.has_cuts |= bool(is_cut)
    return found


def judge(work: Work, seen: KeyFilter, profile: Profile) -> Keys:
    """Fill `exceptions`, `limits`, `ends` and `ended_revisions`; returns the 64-bit keys of the batch, for the filter to remember."""
    distinct = "distinct" if profile.has_cuts else ""
    got = work.execute(
        f"select {distinct} r.unit_no, r.line_no, r.key_lo from {work.resolved} r join {work.batch_units} u using (unit_no) where not u.is_retry"
    ).fetchnumpy()
    keys: Keys = np.asarray(got["key_lo"], dtype=np.uint64)
    doubt = doubtful(keys, seen)
    is_doubtful = bool(doubt.any())
    if is_doubtful:
        _judge_doubtful(work, np.asarray(got["unit_no"])[doubt], np.asarray(got["line_no"])[doubt])
    if profile.has_problems:
        work.execute(f"""
            insert into {work.exceptions}
            select e.unit_no, e.line_no, 'quarantined', e.problem
            from (select unit_no, line_no, arg_max_null(problem, until_us) as problem from {work.resolved} group by all) e
            anti join {work.exceptions} x using (unit_no, line_no) where e.problem is not null""")
    if is_doubtful or work.count(f"{work.batch_units} where is_retry"):
        revisions.order(work)
    return keys


def _judge_doubtful(work: Work, unit_no: np.ndarray, line_no: np.ndarray) -> None:
    work.hold_columns(work.doubtful_lines, {"unit_no": unit_no, "line_no": line_no})
    work.execute(f"""
        create or replace temp table {work.doubtful_rows} as
        select unit_no, line_no, any_value(known_us) as known_us, any_value(event_key) as event_key, any_value(event_id) as event_id,
            any_value(revision) as revision, any_value(payload_hash) as payload_hash,
            coalesce(arg_max_null(problem, until_us) not in ({_WAITS}), false) as is_refused
        from {work.resolved} semi join {work.doubtful_lines} using (unit_no, line_no) group by unit_no, line_no""")
    work.execute(f"create or replace temp table {work.judged} as {JUDGE_SQL}")
    work.execute(f"""
        insert into {work.exceptions}
        select unit_no, line_no, case outcome when 'duplicate' then 'duplicate' else 'quarantined' end,
            case outcome when 'duplicate' then null else 'conflicting_payload' end
        from {work.judged} where outcome in ('duplicate', 'conflict')""")


def remember(work: Work, profile: Profile) -> None:
    """Keep the identity of what is accepted or waits; of what is refused the corrected copy is new."""
    distinct = "distinct" if profile.has_cuts else ""
    refused = f"""anti join (select unit_no, line_no from {work.exceptions} x where outcome = 'duplicate'
        or (outcome = 'quarantined' and reason_code not in ({_WAITS}))) x using (unit_no, line_no)"""
    is_plain = not work.count(work.exceptions)
    work.execute(f"""
        insert into identity select {distinct} event_key, revision, payload_hash, known_us
        from (select r.* from {work.resolved} r join {work.batch_units} u using (unit_no) where not u.is_retry) {"" if is_plain else refused}""")
    if profile.any_of("sale"):
        work.execute(
            f"insert into line_keys select distinct target, event_key from {work.accepted} where event_kind = 'sale' and target is not null"
        )


def accept(work: Work) -> None:
    """(Re)make the view `accepted`: resolved events that count, with the spans left to them."""
    is_plain = not work.count(work.exceptions) and not work.count(work.limits)
    unit = "u.unit_id, u.delivery_id"
    if is_plain:
        work.execute(
            f"create or replace temp view {work.accepted} as select r.*, {unit} from {work.resolved} r join {work.batch_units} u using (unit_no) where r.problem is null"
        )
        return
    work.execute(f"""
        create or replace temp view {work.accepted} as
        select r.* replace (least(r.until_us, coalesce(l.limit_us, r.until_us)) as until_us), {unit}
        from {work.resolved} r join {work.batch_units} u using (unit_no)
        left join {work.limits} l on l.unit_no = r.unit_no and l.line_no = r.line_no
        anti join (select unit_no, line_no from {work.exceptions} where outcome <> 'corrected') x on x.unit_no = r.unit_no and x.line_no = r.line_no
        where r.problem is null""")


def set_aside(work: Work, rows: str, reason_code: str) -> None:
    """Set aside events of a relation (unit_no, line_no) that only now turn out to have to wait."""
    work.execute(f"""
        insert into {work.exceptions} select distinct unit_no, line_no, 'quarantined', '{reason_code}' from ({rows}) r
        anti join (select unit_no, line_no from {work.exceptions} where outcome = 'quarantined') x using (unit_no, line_no)""")
    work.execute(f"""
        delete from {work.exceptions} where outcome = 'corrected' and (unit_no, line_no) in (
            select (unit_no, line_no) from {work.exceptions} where outcome = 'quarantined')""")


_WAITS: Final = listed(sorted(WAITS))

EMPTY_KEYS: Final[Keys] = np.array([], dtype=np.uint64)
