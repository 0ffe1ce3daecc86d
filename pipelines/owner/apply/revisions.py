"""Revisions: of one key the highest that is known and can be posted counts; the others end when it begins.

Belongs here: which rows of a batch are corrected, overtaken or limited by other revisions, and which known before end. Does not
belong here: what ends with them (`owner.posting`).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pipelines.feeds.reasons import WAITS
from pipelines.ledger.keys import event_id_sql, key_sql
from pipelines.owner.working import Work
from pipelines.sql_text import listed

_WAITS: Final = listed(sorted(WAITS))
Line = tuple[int, int]
"""unit_no, line_no of a row of the batch."""


@dataclasses.dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a key: one of the batch's rows (`line`), or one known before (null). `since_us`: when it came, or began to count."""

    event_key: str
    revision: int
    since_us: int
    line: Line | None
    is_retry: bool
    is_waiting: bool

    @property
    def turn(self) -> tuple[bool, int, Line]:
        """Its place among those of its key in the order in which they came."""
        return self.line is not None and not self.is_retry, self.since_us, self.line or (0, 0)


@dataclasses.dataclass(slots=True)
class Order:
    """What the order of revisions says of the batch's rows and of those known before.

    `corrected`: rows of which another revision came earlier; `overtaken`: rows that wait and need not any more; `limits`: rows
    that hold up to an instant of known time (µs); `ends`: revisions known before that end at one.
    """

    corrected: list[Line] = dataclasses.field(default_factory=list)
    overtaken: list[Line] = dataclasses.field(default_factory=list)
    limits: list[tuple[int, int, int]] = dataclasses.field(default_factory=list)
    ends: list[tuple[str, int, int]] = dataclasses.field(default_factory=list)


def order(work: Work) -> None:
    """Write into `exceptions`, `limits`, `ended_revisions` and `ends` what the batch's revisions do to each other and to those before."""
    rows = _several(work)
    if not rows:
        return
    begun = _begun(work, [(key, revision) for key, revision, _, unit_no, _, _, is_waiting in rows if unit_no is None and not is_waiting])
    found = ordered(
        Revision(
            key, revision, begun.get((key, revision), since), (unit_no, line_no) if unit_no is not None else None, is_retry, is_waiting
        )
        for key, revision, since, unit_no, line_no, is_retry, is_waiting in rows
    )
    if found.overtaken:
        work.executemany(f"delete from {work.exceptions} where unit_no = ? and line_no = ?", found.overtaken)
        work.executemany(f"insert into {work.exceptions} values (?, ?, 'overtaken', null)", found.overtaken)
    if found.corrected:
        work.executemany(f"insert into {work.exceptions} values (?, ?, 'corrected', null)", found.corrected)
    if found.limits:
        work.executemany(f"insert into {work.limits} values (?, ?, ?)", found.limits)
    if found.ends:
        work.executemany(f"insert into {work.ended_revisions} values (?::UUID, ?, ?)", found.ends)
        work.execute(f"insert into {work.ends} select {event_id_sql('event_key', 'revision')}, end_us from {work.ended_revisions}")


def ordered(revisions: Iterable[Revision]) -> Order:
    """Order revisions, key by key. A row that waits ends nothing; it is overtaken by any higher revision, waiting or not.

    >>> known, new = Revision("K", 0, 5, None, False, False), Revision("K", 1, 9, (0, 7), False, False)
    >>> ordered([new, known])
    Order(corrected=[(0, 7)], overtaken=[], limits=[], ends=[('K', 0, 9)])
    """
    by_key: dict[str, list[Revision]] = defaultdict(list)
    for revision in revisions:
        by_key[revision.event_key].append(revision)
    found = Order()
    for several in by_key.values():
        later = sorted(several, key=lambda one: one.turn)[1:]
        found.corrected += [one.line for one in later if one.line is not None and not one.is_retry and not one.is_waiting]
        for mine in several:
            _end(mine, [other for other in several if other.revision > mine.revision], found)
    return found


def _end(mine: Revision, higher: Sequence[Revision], found: Order) -> None:
    """Say when a revision ends, given the higher ones of its key."""
    if mine.is_waiting:
        if higher and mine.line is not None:
            found.overtaken.append(mine.line)
        elif higher:
            found.ends.append((mine.event_key, mine.revision, min(other.since_us for other in higher)))
        return
    standing = [other for other in higher if not other.is_waiting]
    if not standing:
        return
    end_us = min(other.since_us for other in standing)
    if mine.line is not None:
        found.limits.append((*mine.line, end_us))
    elif any(other.line is not None for other in standing):
        found.ends.append((mine.event_key, mine.revision, end_us))


def _several(work: Work) -> list[tuple[Any, ...]]:
    """Revisions of the batch's keys that have more than one: key, revision, since_us, unit_no, line_no, is_retry, is_waiting."""
    work.execute(f"""
        create or replace temp table {work.waiting_keys} as
        select {key_sql()} as event_key, coalesce(source_revision, 0)::INTEGER as revision from waiting""")
    return work.execute(f"""
        with mine as (
            select r.unit_no, r.line_no, any_value(r.event_key) as event_key, any_value(r.revision) as revision, min(r.since_us) as since_us,
                any_value(u.is_retry) as is_retry, any_value(x.outcome) as outcome, any_value(x.reason_code) as reason_code
            from {work.resolved} r join {work.batch_units} u using (unit_no) left join {work.exceptions} x using (unit_no, line_no) group by r.unit_no, r.line_no),
        fresh as (select * from mine where outcome is null or reason_code in ({_WAITS})),
        several as (
            select event_key from (
                select event_key, revision from fresh union all
                select event_key, revision from identity where event_key in (select event_key from fresh)) group by all having count(distinct revision) > 1)
        select event_key::VARCHAR, revision, since_us, unit_no, line_no, is_retry, outcome is not null as is_waiting
        from fresh where event_key in (select event_key from several)
        union all
        select i.event_key::VARCHAR, i.revision, min(i.known_us), null, null, false, (i.event_key, i.revision) in (select (event_key, revision) from {work.waiting_keys})
        from identity i where i.event_key in (select event_key from several)
            and (i.event_key, i.revision) not in (select (event_key, revision) from fresh) group by i.event_key, i.revision""").fetchall()


def _begun(work: Work, standing: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """When revisions known before began to count: later than they came where they had to wait for something."""
    if not standing:
        return {}
    work.hold(work.standing_keys, standing)
    work.execute(
        f"create or replace temp table {work.standing_revisions} as select key, revision, {event_id_sql('key::UUID', 'revision')} as event_id from {work.standing_keys}"
    )
    chosen = f"where event_id in (select event_id from {work.standing_revisions})"
    rows = work.execute(f"""
        select s.key, s.revision, min(k.known_us) from {work.standing_revisions} s join (
            select event_id, epoch_us(known_at) as known_us from {work.all_movements} {chosen}
            union all select event_id, epoch_us(known_at) from ledger.events {chosen}
            union all select event_id, since_us from kept_events {chosen}
            union all select event_id, since_us from counts {chosen}) k using (event_id) group by all""").fetchall()
    return {(key, revision): known for key, revision, known in rows}
