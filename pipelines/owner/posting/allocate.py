"""How much of a receipt comes from a notice or was seen by a reader too, and how much of a shipment was picked: pure functions.

Belongs here: dividing events that share a document into parts, as a function of the set of events known at each
instant. Does not belong here: fetching them (`divisions.py`) or posting the parts (`posting.csv`).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from pipelines.owner.posting.takebacks import Asked, voided_units
from pipelines.owner.reference.versions import END

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
    voids: tuple[Asked, ...] = ()
    """What the event's voids ask for, the earliest first."""
    owner_id: int = 0
    epc: str | None = None
    """Of a receipt: the tag, or goods of a class, that a reader received; null where the warehouse wrote it."""
    named_item_id: int | None = None
    """Of a merged item: the one that the event named."""
    lot_code: str | None = None

    def is_known(self, known_us: int) -> bool:
        """Whether it counts at an instant of known time."""
        return self.since_us <= known_us < self.until_us

    def voided_units(self, known_us: int) -> int:
        """How many of its units are taken back by the voids that count at an instant of known time."""
        return voided_units(self.voids, self.item_id, self.occurred_us, self.units, known_us) if self.voids else 0


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """`units` of an event fall to `part` of the rules, from `since_us` to `until_us` of known time.

    `notice` is what they were announced by; `twin` the warehouse's receipt of the same goods, of what a reader received.
    """

    event_id: str
    sub_no: int
    part: str
    units: int
    since_us: int
    until_us: int
    notice: Kept | None = None
    twin: Kept | None = None


Share = tuple[str, int, str, int, Kept | None, Kept | None]
"""event_id, sub_no, part, units, notice, twin."""


def divide_receipts(events: Iterable[Kept]) -> list[Share]:
    """Each receipt takes from the open notices of the document line it names, oldest first; the rest is from the supplier.

    Units are base units; a notice is only taken by receipts of its own item. What a reader received posts, and the
    warehouse's receipt of the same line is matched with it: it posts nothing, however many units it says
    (`match_reads`).

    >>> notice = Kept("n", 0, "asn", 1, 9, 24, 10, "n", 0, 99, ("asn", "A7", "1"), ("po", "P7", "1"))
    >>> first = Kept("r", 0, "receipt", 1, 9, 18, 20, "r", 0, 99, ("asn", "A7", "1"))
    >>> second = Kept("s", 0, "receipt", 1, 9, 10, 30, "s", 0, 99, ("po", "P7", "1"))
    >>> [(event, part, units) for event, _, part, units, _, _ in divide_receipts([notice, first, second])]
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

    def answered(receipt: Kept) -> Iterator[Kept]:
        for notice in notices.get(receipt.document[:2], ()) if receipt.document else ():
            if notice.item_id == receipt.item_id and _answers(notice, receipt.document):
                yield notice

    goods = match_reads(receipts, answered) if any(r.epc for r in receipts) else [(r, r.units, None) for r in receipts]
    shares: list[Share] = []
    for receipt, open_units, twin in goods:
        for notice in answered(receipt):
            if open_units == 0:
                break
            taken = min(open_units, left[id(notice)])
            if taken:
                left[id(notice)] -= taken
                open_units -= taken
                shares.append((receipt.event_id, receipt.sub_no, "noticed", taken, notice, twin))
        if open_units:
            shares.append((receipt.event_id, receipt.sub_no, "rest", open_units, None, twin))
    return _one_for_each_item(shares, receipts) if any(r.epc for r in receipts) else shares


Goods = tuple[Kept, int, Kept | None]
"""What was received, how many units of it, and the warehouse's receipt of the same goods."""


def match_reads(receipts: Sequence[Kept], answered: Callable[[Kept], Iterable[Kept]]) -> list[Goods]:
    """What readers and the warehouse received together, each unit once, in the order given (oldest first).

    A tag is received once for a line, however often it is read. A receipt of the warehouse that meets units of a reader of the same
    item, place and document line is of the same goods, and posts nothing itself, neither what the reader missed nor
    what it saw beyond; one that meets none, as no reader was there or others took all, is of other goods. `answered` gives the
    notices that a receipt answers.

    >>> tags = [Kept("e", n, "receipt", 1, 9, 1, 20, "e", 0, 99, ("asn", "A7", None), epc=f"tag {n}") for n in (1, 2)]
    >>> again = Kept("f", 1, "receipt", 1, 9, 1, 25, "f", 0, 99, ("asn", "A7", None), epc="tag 1")
    >>> written = Kept("r", 0, "receipt", 1, 9, 3, 30, "r", 0, 99, ("asn", "A7", "1"))
    >>> [(goods.epc, units, twin.event_id if twin else None) for goods, units, twin in match_reads([*tags, again, written], lambda _: ())]
    [('tag 1', 1, 'r'), ('tag 2', 1, 'r')]
    """
    reads: dict[tuple[int, int | None], list[Kept]] = defaultdict(list)
    seen: dict[str, list[Kept]] = defaultdict(list)
    for receipt in receipts:
        if receipt.epc is not None and not any(_is_same_line(receipt, before, answered) for before in seen[receipt.epc]):
            seen[receipt.epc].append(receipt)
            reads[_goods_of(receipt)].append(receipt)
    left = {id(read): read.units for several in reads.values() for read in several}
    met: dict[int, list[Goods]] = defaultdict(list)
    own: list[Goods] = []
    for receipt in receipts:
        if receipt.epc is not None:
            continue
        is_met = False
        open_units = receipt.units
        for read in reads.get(_goods_of(receipt), ()):
            taken = min(open_units, left[id(read)])
            if taken and _is_same_line(receipt, read, answered):
                left[id(read)] -= taken
                open_units -= taken
                met[id(read)].append((read, taken, receipt))
                is_met = True
        if not is_met:
            own.append((receipt, receipt.units, None))
    found = own
    for several in reads.values():
        for read in several:
            found += met[id(read)]
            if left[id(read)]:
                found.append((read, left[id(read)], None))
    return sorted(found, key=lambda goods: _oldest_first(goods[0]))


def _goods_of(receipt: Kept) -> tuple[int, int | None]:
    return receipt.item_id, receipt.location_id


def _is_same_line(receipt: Kept, other_receipt: Kept, answered: Callable[[Kept], Iterable[Kept]]) -> bool:
    """Whether both name the same document line, or one notice answers to both."""
    one, other = receipt.document, other_receipt.document
    if one is None or other is None:
        return False
    if one[:2] == other[:2] and (one[2] is None or other[2] is None or one[2] == other[2]):
        return True
    return not {id(notice) for notice in answered(receipt)}.isdisjoint(id(notice) for notice in answered(other_receipt))


def _one_for_each_item(shares: Iterable[Share], receipts: Iterable[Kept]) -> list[Share]:
    """The tags of one event, item and lot as one share, under the first of them: goods are moved, not tags.

    Items that were merged stay apart, for what was counted before the merge was one of them.
    """
    items = {(r.event_id, r.sub_no): (r.item_id, r.named_item_id, r.lot_code) for r in receipts}
    merged: dict[tuple[object, ...], Share] = {}
    for event_id, sub_no, part, units, notice, twin in shares:
        key = (event_id, items[event_id, sub_no], part, id(notice), id(twin))
        before = merged.get(key)
        merged[key] = (
            (event_id, min(sub_no, before[1]), part, units + before[3], notice, twin)
            if before
            else (event_id, sub_no, part, units, notice, twin)
        )
    return list(merged.values())


def divide_shipments(events: Iterable[Kept], known_us: int) -> list[Share]:
    """Each shipment leaves what was picked for its document line, the oldest shipment first; the rest leaves the shelf.

    What was voided of a shipment takes nothing away from the others: it came back, what was not picked first.

    >>> pick = Kept("p", 0, "pick", 1, 9, 5, 10, "p", 0, 99, ("so", "W1", "1"))
    >>> ships = [Kept(n, 0, "ship", 1, 9, 3, 20 + i, n, 0, 99, ("so", "W1", "1")) for i, n in enumerate("ab")]
    >>> [(event, part, units) for event, _, part, units, _, _ in divide_shipments([pick, *ships], 50)]
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
        gone = ship.units - ship.voided_units(known_us)
        taken = min(ship.units, (left if gone else picked).get(key, 0))
        if taken:
            shares.append((ship.event_id, ship.sub_no, "picked", taken, None, None))
            left[key] -= min(taken, gone)
        if ship.units > taken:
            shares.append((ship.event_id, ship.sub_no, "rest", ship.units - taken, None, None))
    return shares


def parts_over_known_time(events: Sequence[Kept]) -> list[Part]:
    """The parts of one group of events at every instant of known time, each with the span in which it stands."""
    instants = sorted(
        (
            {e.since_us for e in events}
            | {e.until_us for e in events}
            | {instant for e in events for void in e.voids for instant in (void.since_us, void.until_us)}
        )
        - {END}
    )
    standing: dict[Share, int] = {}
    parts: list[Part] = []
    for instant in instants:
        known = [e for e in events if e.is_known(instant)]
        is_receiving = any(e.kind in ("asn", "receipt") for e in known)
        now = set(divide_receipts(known) if is_receiving else divide_shipments(known, instant))
        for share in [share for share in standing if share not in now]:
            event_id, sub_no, part, units, notice, twin = share
            parts.append(Part(event_id, sub_no, part, units, standing.pop(share), instant, notice, twin))
        for share in now:
            standing.setdefault(share, instant)
    parts += [
        Part(event_id, sub_no, part, units, since, END, notice, twin)
        for (event_id, sub_no, part, units, notice, twin), since in standing.items()
    ]
    return parts


def _oldest_first(event: Kept) -> tuple[int, str, int]:
    return event.occurred_us, event.order, event.sub_no


def _answers(notice: Kept, named: Document | None) -> bool:
    for own in (notice.document, notice.ref_document):
        if own is not None and named is not None and own[:2] == named[:2] and (named[2] is None or own[2] is None or own[2] == named[2]):
            return True
    return False
