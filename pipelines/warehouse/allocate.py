"""How much of a receipt comes from a notice, and how much of a shipment was picked: pure functions.

Belongs here: dividing events that share a document into parts, as a function of the set of events known at each
instant. Does not belong here: fetching them (`interplay.py`) or posting the parts (`posting.csv`).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from pipelines.warehouse.versions import END

Document = tuple[str, str, str | None]
"""Kind, number and line; the line may be unknown."""

DEFAULT_REF_KIND: Final = "po"
"""What a notice answers when it does not say of what kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """An event that shares a document with others. `order` breaks ties of `occurred_us`, equally everywhere."""

    event_id: str
    sub_no: int
    kind: str
    item_id: int
    location_id: int | None
    units: int
    occurred_us: int
    order: str
    since_us: int
    until_us: int
    document: Document | None
    ref_document: Document | None = None
    supplier_id: int | None = None
    voided: tuple[tuple[int, int], ...] = ()
    """Spans of known time in which the event is voided."""

    def is_known(self, known_us: int) -> bool:
        """Whether it counts at an instant of known time."""
        return self.since_us <= known_us < self.until_us

    def is_voided(self, known_us: int) -> bool:
        """Whether a void of it counts at an instant of known time."""
        return any(since <= known_us < until for since, until in self.voided)


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """`units` of an event fall to `part` of the rules, from `since_us` to `until_us` of known time."""

    event_id: str
    sub_no: int
    part: str
    units: int
    since_us: int
    until_us: int
    notice: Kept | None = None


Share = tuple[str, int, str, int, Kept | None]
"""event_id, sub_no, part, units, notice."""


def divide_receipts(events: Iterable[Kept]) -> list[Share]:
    """Each receipt takes from the open notices of the document line it names, oldest first; the rest is from the supplier.

    Units are base units; a notice is only taken by receipts of its own item.

    >>> notice = Kept("n", 0, "asn", 1, 9, 24, 10, "n", 0, 99, ("asn", "A7", "1"), ("po", "P7", "1"))
    >>> first = Kept("r", 0, "receipt", 1, 9, 18, 20, "r", 0, 99, ("asn", "A7", "1"))
    >>> second = Kept("s", 0, "receipt", 1, 9, 10, 30, "s", 0, 99, ("po", "P7", "1"))
    >>> [(event, part, units) for event, _, part, units, _ in divide_receipts([notice, first, second])]
    [('r', 'noticed', 18), ('s', 'noticed', 6), ('s', 'rest', 4)]
    """
    notices: dict[tuple[str, str], list[Kept]] = defaultdict(list)
    left: dict[int, int] = {}
    receipts: list[Kept] = []
    for event in sorted(events, key=_oldest_first):
        if event.kind == "asn":
            left[id(event)] = event.units
            for named in (event.document, event.ref_document):
                if named is not None:
                    notices[named[:2]].append(event)
        else:
            receipts.append(event)
    shares: list[Share] = []
    for receipt in receipts:
        open_units = receipt.units
        for notice in notices.get(receipt.document[:2], ()) if receipt.document else ():
            if open_units == 0:
                break
            if notice.item_id == receipt.item_id and _answers(notice, receipt.document):
                taken = min(open_units, left[id(notice)])
                if taken:
                    left[id(notice)] -= taken
                    open_units -= taken
                    shares.append((receipt.event_id, receipt.sub_no, "noticed", taken, notice))
        if open_units:
            shares.append((receipt.event_id, receipt.sub_no, "rest", open_units, None))
    return shares


def divide_shipments(events: Iterable[Kept], known_us: int) -> list[Share]:
    """Each shipment leaves what was picked for its document line, the oldest shipment first; the rest leaves the shelf.

    A voided shipment takes nothing away from the others: what it took came back.

    >>> pick = Kept("p", 0, "pick", 1, 9, 5, 10, "p", 0, 99, ("so", "W1", "1"))
    >>> ships = [Kept(n, 0, "ship", 1, 9, 3, 20 + i, n, 0, 99, ("so", "W1", "1")) for i, n in enumerate("ab")]
    >>> [(event, part, units) for event, _, part, units, _ in divide_shipments([pick, *ships], 50)]
    [('a', 'picked', 3), ('b', 'picked', 2), ('b', 'rest', 1)]
    """
    picked: dict[tuple[Document | None, int, int | None], int] = defaultdict(int)
    ships: list[Kept] = []
    for event in sorted(events, key=_oldest_first):
        if event.kind == "pick":
            picked[event.document, event.item_id, event.location_id] += event.units
        else:
            ships.append(event)
    left = dict(picked)
    shares: list[Share] = []
    for ship in ships:
        key = (ship.document, ship.item_id, ship.location_id)
        is_voided = ship.is_voided(known_us)
        taken = min(ship.units, (picked if is_voided else left).get(key, 0))
        if taken:
            shares.append((ship.event_id, ship.sub_no, "picked", taken, None))
            if not is_voided:
                left[key] -= taken
        if ship.units > taken:
            shares.append((ship.event_id, ship.sub_no, "rest", ship.units - taken, None))
    return shares


def parts_over_known_time(events: Sequence[Kept]) -> list[Part]:
    """The parts of one group of events at every instant of known time, each with the span in which it stands."""
    instants = sorted(
        ({e.since_us for e in events} | {e.until_us for e in events} | {instant for e in events for span in e.voided for instant in span})
        - {END}
    )
    standing: dict[Share, int] = {}
    parts: list[Part] = []
    for instant in instants:
        known = [e for e in events if e.is_known(instant)]
        is_receiving = any(e.kind in ("asn", "receipt") for e in known)
        now = set(divide_receipts(known) if is_receiving else divide_shipments(known, instant))
        for share in [share for share in standing if share not in now]:
            event_id, sub_no, part, units, notice = share
            parts.append(Part(event_id, sub_no, part, units, standing.pop(share), instant, notice))
        for share in now:
            standing.setdefault(share, instant)
    parts += [
        Part(event_id, sub_no, part, units, since, END, notice) for (event_id, sub_no, part, units, notice), since in standing.items()
    ]
    return parts


def _oldest_first(event: Kept) -> tuple[int, str, int]:
    return event.occurred_us, event.order, event.sub_no


def _answers(notice: Kept, named: Document | None) -> bool:
    for own in (notice.document, notice.ref_document):
        if own is not None and named is not None and own[:2] == named[:2] and (named[2] is None or own[2] is None or own[2] == named[2]):
            return True
    return False
