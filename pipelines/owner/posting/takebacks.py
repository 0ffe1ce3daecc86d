"""How much each void takes back of its line: pure functions.

Belongs here: dividing what a line posted among the voids that name it, as a function of the set known at each instant. Does
not belong here: fetching them, or posting the reversals (`voids.py`).

A void takes all that it asks for or nothing: of voids of one line the earliest comes first, and one that asks for more
than is left waits.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pipelines.owner.reference.versions import END


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A void asks for `units` base units of its line, from `since_us` to `until_us` of known time.

    Where the line is of a bundle, `item_id` is a component, and the units are those by the bill of materials that holds from
    `valid_from` to `valid_to`; null: of whatever the line is of.
    """

    event_id: str
    item_id: int | None
    units: int
    since_us: int
    until_us: int
    valid_from: int = -END
    valid_to: int = END


@dataclasses.dataclass(frozen=True, slots=True)
class Posted:
    """`units` that a line moved, one row of what it posted, from `since_us` to `until_us` of known time."""

    row_no: int
    item_id: int
    units: int
    occurred_us: int
    is_picked: bool
    since_us: int
    until_us: int


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """A void takes back `units` of a posted row, from `since_us` to `until_us` of known time."""

    event_id: str
    row_no: int
    units: int
    since_us: int
    until_us: int


def by_void(asked: Iterable[Asked]) -> list[list[Asked]]:
    """What each void asks for; the voids in the order given."""
    found: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        found[one.event_id].append(one)
    return list(found.values())


def units_asked(of_one: Sequence[Asked], item_id: int, occurred_us: int, known_us: int) -> int | None:
    """Units of an item that one void asks for of a line of that time; null where the void does not count at that known time."""
    known = [one for one in of_one if one.since_us <= known_us < one.until_us]
    if not known:
        return None
    parts = [one.units for one in known if one.item_id == item_id and one.valid_from <= occurred_us < one.valid_to]
    return sum(parts) if parts else next((one.units for one in known if one.item_id is None), None)


def voided_units(asked: Sequence[Asked], item_id: int, occurred_us: int, units: int, known_us: int) -> int:
    """How many of a line's units its voids take back, oldest void first.

    >>> asked = [Asked("a", None, 2, 0, 99), Asked("b", None, 2, 0, 99), Asked("c", None, 1, 50, 99)]
    >>> [voided_units(asked, 7, 10, 3, known) for known in (0, 60)]
    [2, 3]
    """
    left = units
    for of_one in by_void(asked):
        wanted = units_asked(of_one, item_id, occurred_us, known_us)
        if wanted is not None and wanted <= left:
            left -= wanted
    return units - left


def take_back(posted: Sequence[Posted], asked: Sequence[Asked]) -> tuple[list[Taken], dict[str, int]]:
    """What the voids of one line take of what it posted, at every instant of known time; and since when a void that stands gets nothing.

    `asked` in the order of the voids. What was not picked comes back before what was, as if it had never left.

    >>> line = [Posted(1, 7, 3, 10, False, 0, END)]
    >>> taken, waiting = take_back(line, [Asked("a", None, 2, 5, END), Asked("b", None, 2, 6, END)])
    >>> [(t.event_id, t.units, t.since_us) for t in taken], waiting
    ([('a', 2, 5)], {'b': 6})
    """
    voids = by_void(asked)
    spans: tuple[Posted | Asked, ...] = (*posted, *asked)
    instants = sorted({edge for span in spans for edge in (span.since_us, span.until_us)} - {END})
    standing: dict[tuple[str, int, int], int] = {}
    taken: list[Taken] = []
    waiting: dict[str, int] = {}
    for instant in instants:
        now, without = _at(posted, voids, instant)
        taken += [Taken(*share, standing.pop(share), instant) for share in [share for share in standing if share not in now]]
        for share in now:
            standing.setdefault(share, instant)
        waiting = {void: waiting.get(void, instant) for void in without}
    return taken + [Taken(*share, since, END) for share, since in standing.items()], waiting


def _at(posted: Sequence[Posted], voids: Sequence[Sequence[Asked]], known_us: int) -> tuple[set[tuple[str, int, int]], list[str]]:
    """What is taken at an instant (event_id, row_no, units), and by which voids nothing."""
    rows: dict[int, list[Posted]] = defaultdict(list)
    for row in sorted(posted, key=lambda row: (row.is_picked, row.row_no)):
        if row.since_us <= known_us < row.until_us:
            rows[row.item_id].append(row)
    left = {row.row_no: row.units for several in rows.values() for row in several}
    taken: set[tuple[str, int, int]] = set()
    without: list[str] = []
    for of_one in voids:
        wanted = {item: units_asked(of_one, item, several[0].occurred_us, known_us) for item, several in rows.items()}
        if not any(one.since_us <= known_us < one.until_us for one in of_one):
            continue
        if not wanted or any((units or 0) > sum(left[row.row_no] for row in rows[item]) for item, units in wanted.items()):
            without.append(of_one[0].event_id)
            continue
        for item, units in wanted.items():
            open_units = units or 0
            for row in rows[item]:
                share = min(open_units, left[row.row_no])
                if share:
                    left[row.row_no] -= share
                    open_units -= share
                    taken.add((of_one[0].event_id, row.row_no, share))
    return taken, without
