"""Which version of a reference row holds when, and as known when: pure functions.

Belongs here: the algebra of versions over two times (valid and known). Does not belong here: reading
reference files or writing tables (`rows.py`).

The first version of a key holds from the beginning (of `bom`, `networks` and `terms`: from its `valid_from`,
if it has one); a later one replaces it from its `valid_from`, else from when its file was first seen;
`valid_to` ends a line. At one instant the version with the latest start holds, of equals the last known.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

Facts = Any
"""What postings depend on; hashable, and never null where something holds."""

BEGINNING = -(1 << 62)
"""Before every instant, in µs since 1970."""
END = 1 << 62
"""After every instant."""


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One row of a reference file. Times are µs since 1970 in UTC; `facts` is what postings depend on."""

    known: int
    starts: int
    ends: int
    facts: Facts


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """`facts` hold for events in [valid_from, valid_to), as known in [known_from, known_to)."""

    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    facts: Facts


def holding(versions: Sequence[Version], at: int, known: int) -> Facts | None:
    """What holds at an instant, as known at another; null where nothing does.

    >>> old, new = Version(known=1, starts=BEGINNING, ends=END, facts="case of 6"), Version(known=5, starts=3, ends=END, facts="case of 12")
    >>> holding([old, new], at=4, known=4), holding([old, new], at=4, known=5), holding([old, new], at=2, known=9)
    ('case of 6', 'case of 12', 'case of 6')
    """
    best: Version | None = None
    for version in versions:  # in the order of known: of equal starts the later wins
        if version.known <= known and version.starts <= at and (best is None or version.starts >= best.starts):
            best = version
    return best.facts if best is not None and at < best.ends else None


def spans(groups: Sequence[Sequence[Version]], combine: Callable[[tuple[Facts | None, ...]], Facts | None] | None = None) -> list[Span]:
    """The whole plane of valid × known time, cut into as few spans as possible; gaps where nothing holds.

    One group of versions a key, each in the order in which it became known; `combine` makes one fact of what each
    group holds (null: nothing holds). Without it there is one group and its facts stand.

    >>> [(s.valid_from == BEGINNING, s.known_from, s.facts) for s in spans([[Version(1, BEGINNING, END, "EA"), Version(5, 3, END, "EA")]])]
    [(True, 1, 'EA')]
    """
    if combine is None and len(groups) == 1 and len(groups[0]) == 1:
        only = groups[0][0]
        return [Span(only.starts, only.ends, only.known, END, only.facts)] if only.starts < only.ends else []
    join = combine or (lambda facts: facts[0])
    everything = [version for group in groups for version in group]
    cuts = sorted({v.starts for v in everything} | {v.ends for v in everything})
    knowns = sorted({v.known for v in everything})
    columns: list[tuple[int, int, tuple[tuple[int, int, Facts], ...]]] = []
    for start, stop in itertools.pairwise(cuts):
        history: list[tuple[int, int, Facts]] = []
        for position, known in enumerate(knowns):
            until = knowns[position + 1] if position + 1 < len(knowns) else END
            facts = join(tuple(holding(group, start, known) for group in groups))
            if facts is None:
                continue
            if history and history[-1][1] == known and history[-1][2] == facts:
                history[-1] = (history[-1][0], until, facts)
            else:
                history.append((known, until, facts))
        if columns and columns[-1][1] == start and columns[-1][2] == tuple(history):
            columns[-1] = (columns[-1][0], stop, columns[-1][2])
        else:
            columns.append((start, stop, tuple(history)))
    return [Span(start, stop, known, until, facts) for start, stop, history in columns for known, until, facts in history]
