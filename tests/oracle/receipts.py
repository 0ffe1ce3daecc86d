"""What came in, against what was announced, and against what a reader received.

Belongs here: receipts, notices and tags. Does not belong here: everything else that moves goods (`post`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from oracle.books import Books, Document, by_time
from oracle.resolve import Event


@dataclasses.dataclass
class _Goods:
    """Units of an item that came in: by a line of the warehouse, or on a tag that a reader received."""

    event: Event
    item: str
    units: int
    position: int = 0
    epc: str | None = None
    line: Event | None = None
    """Of a tag: the warehouse's line of the same goods."""
    named: str | None = None
    """Of a tag: the item that has its GTIN, whatever that became."""


def post_receipts(books: Books, events: list[Event]) -> None:
    """What came in takes the notices of its line, oldest first; what exceeds them comes from the supplier."""
    notices = [[event, item, units] for event in events if event.kind == "asn" for item, units in event.parts]

    def of_notices(goods: _Goods) -> list[list[object]]:
        return [notice for notice in notices if notice[1] == goods.item and _answers(goods.event, notice[0])]  # type: ignore[arg-type]

    tags = _tags(books, events, of_notices)
    written = [_Goods(event, item, units) for event in events if event.kind == "receipt" for item, units in event.parts]
    came_in: list[_Goods] = []
    for goods in written:
        # the reader's word stands: a line that meets any tag of its goods is about them, whatever it says of their number
        left, open_tags = goods.units, [tag for tag in tags if tag.units and tag.line is None and _are_same(goods, tag, of_notices)]
        if not open_tags:
            came_in.append(goods)
        for tag in open_tags:
            taken = min(left, tag.units)
            left -= taken
            if taken:
                tag.units -= taken
                came_in.append(dataclasses.replace(tag, units=taken, line=goods.event))
    came_in += [tag for tag in tags if tag.units]
    for goods in sorted(came_in, key=lambda g: (*by_time(g.event), g.position)):
        _receive(books, goods, of_notices(goods))


def _receive(books: Books, goods: _Goods, notices: list[list[object]]) -> None:
    event, line, units = goods.event, goods.line, goods.units
    lot = line.lot if line else None

    def take(taken: int, start: str, document: Document | None, owner: str | None, transit_to: str | None) -> None:
        books.move(
            event, goods.item, taken, (start, None), books.place(event, "in_progress"),
            lot=lot, document=document, owner=line.owner if line else owner, transit_to=transit_to, named=goods.named,
        )  # fmt: skip

    for notice in notices:
        announced, _, left = notice
        assert isinstance(announced, Event) and isinstance(left, int)
        taken = min(units, left)
        document = ("asn", announced.get("document_id"), announced.get("document_line"))
        # a reader knows no owner: the goods are his who is named in the notice
        take(taken, "TRANSIT", document, announced.owner if goods.epc else None, announced.location)
        notice[2] = left - taken
        units -= taken
    own = (line.get("document_kind"), line.get("document_id"), line.get("document_line")) if line else None
    take(units, "SUPPLIER", own, None, None)


def _tags(books: Books, events: list[Event], of_notices: Callable[[_Goods], list[list[object]]]) -> list[_Goods]:
    """Tags received where a reader is authoritative, each once for its line, oldest first."""
    found: list[_Goods] = []
    for event in events:
        place = books.reference.row("locations", (event.location,), event.at) if event.location else None
        if event.feed != "rfid" or (place or {}).get("rfid_posting") != "authoritative" or event.get("biz_step") != "receiving":
            continue
        is_receipt = (event.kind, event.get("action")) in (
            ("ObjectEvent", "OBSERVE"), ("ObjectEvent", "ADD"), ("AggregationEvent", "ADD"), ("AggregationEvent", "DELETE"),
        )  # fmt: skip
        if not is_receipt or event.get("document_id") is None or event.get("source_revision"):  # revision 1 declares an error
            continue
        for position, epc in enumerate((event.get("epcs") or "").split()):
            known = books.reference.tagged(epc, event.at)
            if known is not None:
                named, units = known
                tag = _Goods(event, books.reference.became(named), units, position, epc, named=named)
                if not any(one.epc == epc and _are_same(one, tag, of_notices) for one in found):
                    found.append(tag)
    return found


def _are_same(one: _Goods, other: _Goods, of_notices: Callable[[_Goods], list[list[object]]]) -> bool:
    """The same item at the same place, under one document line or one notice."""
    if (one.item, one.event.location) != (other.item, other.event.location):
        return False
    names = [(g.event.get("document_kind"), g.event.get("document_id"), g.event.get("document_line")) for g in (one, other)]
    if names[0][1] is not None and names[0][:2] == names[1][:2] and (None in (names[0][2], names[1][2]) or names[0][2] == names[1][2]):
        return True
    return any(a is b for a in of_notices(one) for b in of_notices(other))


def _answers(receipt: Event, notice: Event) -> bool:
    """Does the receipt name the notice, or the purchase order line that the notice answers?"""
    kind, number, line = receipt.get("document_kind"), receipt.get("document_id"), receipt.get("document_line")
    own = (notice.get("document_kind") or "asn", notice.get("document_id"), notice.get("document_line"))
    answered = (notice.get("ref_document_kind") or "po", notice.get("ref_document_id"), notice.get("ref_document_line"))
    # a line that is not named is any line
    return number is not None and any(
        (kind, number) == named[:2] and (line is None or named[2] in (None, line)) for named in (own, answered)
    )
