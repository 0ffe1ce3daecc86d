"""What a count or an opening posts: the difference to the ledger at its instant. Pure functions over NumPy arrays.

Belongs here: the difference of each count at every instant of known time. Does not belong here: fetching legs and
counts (`recounts.py`) or posting the differences (`posting.csv`).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipelines.owner.reference.versions import END

Longs = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """`units` stood at `occurred_us`; of all lots where `lot_code` is null. `order` ranks counts of one instant.

    `named_item_id` is the item that was counted: of merged items perhaps another than the place's.
    """

    event_id: str
    sub_no: int
    units: int
    lot_code: str | None
    occurred_us: int
    order: str
    since_us: int
    until_us: int
    named_item_id: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Merge:
    """From `merged_us` on the goods of an item lie with those of another; known from `since_us` to `until_us`."""

    item_id: int
    into_item_id: int
    merged_us: int
    since_us: int
    until_us: int


@dataclasses.dataclass(frozen=True, slots=True)
class Legs:
    """Movements in and out of one place, counts aside: what moved when, known since when, of which lot; by time.

    `named_item_id` says under which item's name; it may be left out where no items were merged.
    """

    occurred_us: Longs
    delta_units: Longs
    known_us: Longs
    lot_code: Sequence[str]
    named_item_id: Longs | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A count posts `units` (signed, not 0) from `since_us` to `until_us` of known time."""

    event_id: str
    sub_no: int
    units: int
    since_us: int
    until_us: int


def differences(counts: Sequence[Counted], legs: Legs, merges: Sequence[Merge] = ()) -> list[Difference]:
    """What each count of one place posts, at every instant of known time.

    Events at a count's instant come before it; counts of one instant go by `order`. A count of all lots posts its
    difference without lot. A count is of the goods that lie together with the item it names at its instant: before a
    merge that item's alone.

    >>> tea = Counted("W18", 0, 45, None, 20, "W18", 5, END)
    >>> late = Legs(np.array([1, 18]), np.array([56, -3]), np.array([1, 7]), ["", ""])
    >>> [(d.units, d.since_us, d.until_us == END) for d in differences([tea], late)]
    [(-11, 5, False), (-8, 7, True)]
    """
    ordered = sorted(counts, key=lambda c: (c.occurred_us, c.order, c.event_id, c.sub_no))
    by_lot = bool(merges) or any(c.lot_code is not None for c in ordered)
    standing: dict[tuple[str, int], tuple[int, int]] = {}
    found: list[Difference] = []
    for instant in _instants(ordered, legs, merges):
        known = [c for c in ordered if c.since_us <= instant < c.until_us]
        if not known:
            found += [Difference(*key, units, since, instant) for key, (units, since) in standing.items()]
            standing.clear()
            continue
        level = _by_lot(known, legs, instant, merges) if by_lot else _all_lots(known, legs, instant)
        now = dict(zip(((c.event_id, c.sub_no) for c in known), level, strict=True))
        for key in [key for key, (units, _) in standing.items() if now.get(key) != units]:
            units, since = standing.pop(key)
            found.append(Difference(*key, units, since, instant))
        for key, units in now.items():
            if key not in standing:
                standing[key] = (units, instant)
    found += [Difference(*key, units, since, END) for key, (units, since) in standing.items()]
    return [d for d in found if d.units and d.since_us < d.until_us]


def _instants(ordered: Sequence[Counted], legs: Legs, merges: Sequence[Merge]) -> list[int]:
    """Instants of known time at which a difference may become another: of counts, of merges, and of legs that come late."""
    last = ordered[-1].occurred_us
    first_known = min(c.since_us for c in ordered)
    late = legs.known_us[(legs.known_us > first_known) & (legs.occurred_us <= last)]
    spans: tuple[Counted | Merge, ...] = (*ordered, *merges)
    return sorted({*(span.since_us for span in spans), *(span.until_us for span in spans), *late.tolist()} - {END})


def _all_lots(counts: Sequence[Counted], legs: Legs, known_us: int) -> list[int]:
    if len(legs.occurred_us) == 0 or legs.occurred_us[0] > counts[-1].occurred_us:
        sums = [0] * len(counts)
    else:
        is_known = legs.known_us <= known_us
        levels = np.concatenate([[0], np.cumsum(np.where(is_known, legs.delta_units, 0))])
        places = np.searchsorted(legs.occurred_us, np.array([c.occurred_us for c in counts], dtype=np.int64), side="right")
        sums = [int(level) for level in levels[places]]
    found = []
    counted_before, moved_before = 0, 0
    for count, moved in zip(counts, sums, strict=True):
        found.append(count.units - counted_before - (moved - moved_before))
        counted_before, moved_before = count.units, moved
    return found


def _by_lot(counts: Sequence[Counted], legs: Legs, known_us: int, merges: Sequence[Merge]) -> list[int]:
    links = {m.item_id: (m.into_item_id, m.merged_us) for m in merges if m.since_us <= known_us < m.until_us}
    level: dict[tuple[int, str], int] = defaultdict(int)
    names = legs.named_item_id
    found = []
    position = 0
    for count in counts:
        while position < len(legs.occurred_us) and legs.occurred_us[position] <= count.occurred_us:
            if legs.known_us[position] <= known_us:
                named = count.named_item_id if names is None else int(names[position])
                level[named, legs.lot_code[position]] += int(legs.delta_units[position])
            position += 1
        heap = _heap(count.named_item_id, count.occurred_us, links)
        stands = sum(
            units for (named, lot), units in level.items()
            if count.lot_code in (None, lot) and _heap(named, count.occurred_us, links) == heap
        )  # fmt: skip
        found.append(count.units - stands)
        level[count.named_item_id, count.lot_code or ""] += count.units - stands
    return found


def _heap(item_id: int, at_us: int, links: Mapping[int, tuple[int, int]]) -> int:
    """The item with whose goods those of an item lie at an instant."""
    while item_id in links and links[item_id][1] <= at_us:
        item_id = links[item_id][0]
    return item_id
