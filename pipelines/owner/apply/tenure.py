"""For how long the rows of one key stand: pure functions over known time.

Belongs here: which of the rows of one key holds its identity and which is posted, at every instant of known time, and what
becomes of each row. Does not belong here: finding the rows (`contested.py`) or posting them (`owner.posting`).

Rows live: from when their delivery was known until another reading replaced it or somebody took it back, and again from when
that was undone. At any instant the rows that live then are judged as `identity.py` and `revisions.py` judge those that never end:
of one revision the first to come holds its identity, its copies are duplicates, other contents contradict it; of the revisions
that are held the highest that can be posted stands. So what stands does not depend on the order in which anything came.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence
from typing import Any

from pipelines.owner.reference.versions import END

Instant = tuple[int, int]
"""µs of known time, and the place among what became known at that µs: readings by their number, then what people decided."""

DECIDED = 1 << 30
"""The place of what people decide: after every reading of the same µs."""
FOREVER: Instant = (END, 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Life:
    """From `begin` up to `end`, which is `FOREVER` for what lives now."""

    begin: Instant
    end: Instant = FOREVER


@dataclasses.dataclass(slots=True, eq=False)
class Row:
    """A row of one key. `turn`: its place among those that begin at one instant; `counts_us`: from when all that it names is known.

    `problem` is the reason why it cannot be posted (null: it can); with `waits` it holds its identity all the same.
    """

    revision: int
    payload: int
    turn: tuple[Any, ...]
    lives: tuple[Life, ...]
    counts_us: int = 0
    problem: str | None = None
    waits: bool = False


@dataclasses.dataclass(slots=True)
class Verdict:
    """What becomes of a row in its last life: its outcome, with the reason of one that is set aside, and whether it holds its identity.

    `spans` are the spans of known time (µs) in which it stands, in any of its lives.
    """

    outcome: str
    reason: str | None = None
    is_holder: bool = False
    spans: list[tuple[int, int]] = dataclasses.field(default_factory=list)


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """What becomes of the rows of one key, in their order.

    >>> first, other = Row(0, 7, (1,), (Life((5, 0), (9, DECIDED)),)), Row(0, 8, (1,), (Life((6, 0)),))
    >>> [(one.outcome, one.spans == [(5, 9)]) for one in judge([first, other])]
    [('accepted', True), ('accepted', False)]
    """
    if len(rows) == 1 and len(rows[0].lives) == 1:
        return [_alone(rows[0])]
    cuts = sorted(
        {at for row in rows for life in row.lives for at in (life.begin, life.end)} | {(row.counts_us, -1) for row in rows} | {FOREVER}
    )
    holders = [_holders(rows, start) for start in cuts[:-1]]
    spans: dict[int, list[tuple[int, int]]] = {}
    for number, held in enumerate(holders):
        stands = _standing(held, cuts[number])
        if stands is not None:
            _extend(spans.setdefault(id(stands), []), cuts[number][0], cuts[number + 1][0])
    found = []
    for row in rows:
        last = bisect.bisect_left(cuts, row.lives[-1].end) - 1
        verdict = _outcome(row, holders[last])
        verdict.spans = spans.get(id(row), [])
        found.append(verdict)
    return found


def _alone(row: Row) -> Verdict:
    if row.problem is not None:
        return Verdict("quarantined", row.problem, row.waits)
    if _ended_waiting(row):
        return Verdict("quarantined", None, True)
    life = row.lives[0]
    return Verdict("accepted", None, True, [(life.begin[0], life.end[0])] if life.begin[0] < life.end[0] else [])


def _ended_waiting(row: Row) -> bool:
    """Whether a row's last life was over before all that it names was known: it waited to its end."""
    return (row.counts_us, -1) >= row.lives[-1].end


def _holders(rows: Sequence[Row], at: Instant) -> dict[int, tuple[Instant, Row]]:
    """The row that holds each revision at an instant, and since when it lives."""
    found: dict[int, tuple[Instant, Row]] = {}
    living = ((life.begin, row) for row in rows if row.problem is None or row.waits for life in row.lives if life.begin <= at < life.end)
    for begin, row in sorted(living, key=lambda one: (one[0], one[1].turn)):
        found.setdefault(row.revision, (begin, row))
    return found


def _standing(held: dict[int, tuple[Instant, Row]], at: Instant) -> Row | None:
    """The highest revision that can be posted."""
    ready = [revision for revision, (_, row) in held.items() if row.problem is None and (row.counts_us, -1) <= at]
    return held[max(ready)][1] if ready else None


def _outcome(row: Row, held: dict[int, tuple[Instant, Row]]) -> Verdict:
    if row.problem is not None and not row.waits:
        return Verdict("quarantined", row.problem)
    begin, holder = held[row.revision]
    if holder is not row:
        is_copy = holder.payload == row.payload
        return Verdict("duplicate") if is_copy else Verdict("quarantined", "conflicting_payload")
    if row.waits or _ended_waiting(row):
        is_overtaken = any(revision > row.revision for revision in held)
        return Verdict("corrected", None, True) if is_overtaken else Verdict("quarantined", row.problem, True)
    comes_after = any((since, other.turn) < (begin, row.turn) for since, other in held.values() if other is not row)
    return Verdict("corrected" if comes_after else "accepted", None, True)


def _extend(spans: list[tuple[int, int]], begin_us: int, end_us: int) -> None:
    """Add a span, which may continue the last one."""
    if begin_us >= end_us:
        return
    if spans and spans[-1][1] == begin_us:
        spans[-1] = (spans[-1][0], end_us)
    else:
        spans.append((begin_us, end_us))
