"""Events that stand → movements: what the set of events means for the goods.

Belongs here: from which place to which every kind moves goods, and the rules that need other events (notices, tags,
picks, counts). Does not belong here: what stands at all (`identity`), or sums (`answers`).

The order of the work is free of the order of arrival: plain movements first, then shipments against picks and receipts
against notices, then voids, and counts last, oldest first, since a count posts the difference to all the rest.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Final

from oracle.identity import Settled
from oracle.resolve import Event, Reference

VIRTUAL: Final = ("SUPPLIER", "CUSTOMER", "TRANSIT", "ADJUSTMENT", "OPENING", "SCRAP", "DONATION", "KITTING")

# kind: (from, to). Upper case is a virtual place; FROM and TO are the state that the event names, else what can be sold here;
# everything else is a state of the event's location.
_PLAIN: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("pos", "sale"): ("FROM", "CUSTOMER"),
    ("pos", "return"): ("CUSTOMER", "returned"),
    ("pos", "exchange"): ("CUSTOMER", "returned"),
    ("wms", "putaway"): ("in_progress", "TO"),
    ("wms", "qc_release"): ("non_sellable_other", "TO"),
    ("wms", "qc_hold"): ("in_progress", "non_sellable_other"),
    ("wms", "pick"): ("FROM", "allocated_picked"),
    ("wms", "transfer_ship"): ("FROM", "TRANSIT"),
    ("wms", "transfer_receive"): ("TRANSIT", "TO"),
    ("wms", "status_change"): ("FROM", "TO"),
    ("wms", "return_receive"): ("CUSTOMER", "returned"),
    ("wms", "return_disposition"): ("returned", "TO"),
    ("wms", "scrap"): ("FROM", "SCRAP"),
    ("supply", "asn"): ("SUPPLIER", "TRANSIT"),
    ("marketplace", "order_shipped"): ("FROM", "CUSTOMER"),
}
_INSERT: Final = """insert into movements (event, kind, item, named, from_location, from_state, to_location, to_state, owner, lot, units,
    occurred_at, business_on, reverses, document_kind, document_id, document_line, transit_to, channel)
    values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""

Place = tuple[str, str | None]
Document = tuple[str | None, str | None, str | None]


class Books:
    """Writes movements into SQLite."""

    def __init__(self, con: sqlite3.Connection, reference: Reference) -> None:
        self.con = con
        self.reference = reference

    def move(
        self,
        event: Event,
        item: str,
        units: int,
        start: Place,
        end: Place,
        *,
        lot: str | None = None,
        document: Document | None = None,
        transit_to: str | None = None,
        owner: str | None = None,
        named: str | None = None,
    ) -> None:
        """One movement; fewer than 0 units go the other way, 0 units go nowhere, and a service is never stocked."""
        if units == 0 or (self.reference.row("items", (item,), event.at) or {}).get("item_kind") == "service":
            return
        if units < 0:
            start, end, units = end, start, -units
        kind, number, line = document or (event.get("document_kind"), event.get("document_id"), event.get("document_line"))
        lot = event.lot if lot is None else lot
        self.con.execute(
            _INSERT,
            (
                "/".join(event.key),
                event.kind,
                item,
                named or event.names.get(item, item),
                *start,
                *end,
                event.owner if owner is None else owner,
                lot,
                units,
                stamp(event.at),
                event.day,
                None,
                kind,
                number,
                line,
                transit_to,
                event.channel,
            ),
        )

    def place(self, event: Event, token: str) -> Place:
        """A token of the table of plain movements as a place."""
        if token.isupper() and token not in ("FROM", "TO"):
            return token, None
        assert event.location is not None
        if token in ("FROM", "TO"):
            named = event.get("stock_state" if token == "FROM" else "to_stock_state")
            token = named or self.reference.default_state(event.location, event.at)
        return event.location, token

    def reverse(self, void: Event, target: Event) -> None:
        """Everything the target posted, the other way round, at the time of the void."""
        rows = self.con.execute("select * from movements where event = ? and reverses is null", ("/".join(target.key),)).fetchall()
        for row in rows:
            self.con.execute(
                _INSERT,
                (
                    "/".join(void.key),
                    row["kind"],
                    row["item"],
                    row["named"],
                    row["to_location"],
                    row["to_state"],
                    row["from_location"],
                    row["from_state"],
                    row["owner"],
                    row["lot"],
                    row["units"],
                    stamp(void.at),
                    void.day,
                    row["no"],
                    row["document_kind"],
                    row["document_id"],
                    row["document_line"],
                    row["transit_to"],
                    row["channel"],
                ),
            )


def stamp(at: datetime) -> str:
    """An instant as text that sorts."""
    return at.isoformat(timespec="microseconds")


def by_time(event: Event) -> tuple[object, ...]:
    """Oldest first; at one instant by the sender's number."""
    return (event.at, event.number, event.key)


def post(con: sqlite3.Connection, reference: Reference, settled: Settled) -> None:
    """Fill `movements` and `facts`."""
    books = Books(con, reference)
    events = sorted(settled.events, key=by_time)
    for event in events:
        _note_fact(con, reference, event)
        _post_plain(books, event)
        _post_special(books, event)
        _post_consignment(books, event)
    _post_shipments(books, events, {id(target) for _, target in settled.voids})
    _post_receipts(books, events)
    for void, target in settled.voids:
        books.reverse(void, target)
    for event in events:
        if event.kind in ("count", "opening", "consignment_joint_count"):
            _post_count(books, event)


def _post_plain(books: Books, event: Event) -> None:
    ends = _PLAIN.get((event.feed, event.kind))
    if ends is None or (event.kind == "order_shipped" and not _is_fulfilled_by_channel(books.reference, event)):
        return
    start, end = ends
    if event.kind == "return_disposition":
        end = {"scrap": "SCRAP", "recycle": "SCRAP", "donate": "DONATION"}.get(event.get("reason_code") or "", end)
        if end == "TO" and event.get("to_stock_state") is None:  # to be worked on, or to be sold off
            end = "non_sellable_other"
    document = ("asn", event.get("document_id"), event.get("document_line")) if event.kind == "asn" else None
    to = (
        event.location
        if event.kind == "asn"
        else event.to_location
        if event.kind == "transfer_ship"
        else event.location
        if event.kind == "transfer_receive"
        else None
    )
    for item, units in event.parts:
        books.move(event, item, units, books.place(event, start), books.place(event, end), document=document, transit_to=to)


def _is_fulfilled_by_channel(reference: Reference, event: Event) -> bool:
    """The marketplace ships from its own warehouse: nobody else will tell."""
    return _kind_of_place(reference, event) == "channel_fulfilment"


def _post_special(books: Books, event: Event) -> None:
    """The kinds with a sign, two locations, or a bill."""
    for item, units in event.parts:
        if event.kind == "adjust":
            # a gain enters the state it is put into, a loss leaves the state it was in
            named = event.get("stock_state") if units < 0 else event.get("to_stock_state") or event.get("stock_state")
            assert event.location is not None
            state = named or books.reference.default_state(event.location, event.at)
            books.move(event, item, units, ("ADJUSTMENT", None), (event.location, state))
        elif event.kind == "move":
            start = books.place(event, "FROM")
            assert event.to_location is not None
            books.move(event, item, units, start, (event.to_location, start[1]))
        elif event.kind in ("kit_assemble", "kit_break"):
            way = 1 if event.kind == "kit_assemble" else -1
            # what goes in leaves its state, what comes out enters the other: the lot is the kit's
            inside, outside = ("FROM", "TO") if way == 1 else ("TO", "FROM")
            for named, each in books.reference.bom(event.names.get(item, item), event.at):
                component = books.reference.became(named)
                books.move(event, component, way * each * units, books.place(event, inside), ("KITTING", None), lot="")
            books.move(event, item, way * units, ("KITTING", None), books.place(event, outside))


def _post_consignment(books: Books, event: Event) -> None:
    """Goods with somebody else than their owner. A consumption of others' goods changes the owner, not the place."""
    what = event.kind.removeprefix("consignment_")
    if what == event.kind or what == "joint_count":
        return
    here = books.place(event, "FROM")
    arrives = (event.location or "", event.get("to_stock_state") or books.reference.default_state(event.location or "", event.at))
    there: Place | None = None
    if event.to_location is not None:
        there = event.to_location, event.get("to_stock_state") or books.reference.default_state(event.to_location, event.at)
    is_at_client = _kind_of_place(books.reference, event) == "consignment_out"
    for item, units in event.parts:
        if what == "deliver" and there is not None:
            books.move(event, item, units, here, there)
        elif what == "deliver" and is_at_client:
            books.move(event, item, units, ("TRANSIT", None), arrives, transit_to=event.location)
        elif what == "deliver":
            books.move(event, item, units, ("SUPPLIER", None), arrives)
        elif what == "consume" and (event.owner == "" or is_at_client):
            books.move(event, item, units, here, ("CUSTOMER", None))
        elif what == "consume":
            books.move(event, item, units, here, ("SUPPLIER", None))
            books.move(event, item, units, ("SUPPLIER", None), here, owner="")
        elif what == "return":
            books.move(event, item, units, here, there or ("SUPPLIER", None))
        elif what == "loss":
            is_waste = event.get("reason_code") in ("damage", "obsolescence", "expiry", "scrap")
            books.move(event, item, units, here, ("SCRAP" if is_waste else "ADJUSTMENT", None))


def _kind_of_place(reference: Reference, event: Event) -> str | None:
    place = reference.row("locations", (event.location,), event.at) if event.location else None
    return place.get("location_kind") if place else None


def _line(event: Event, item: str) -> tuple[str | None, ...]:
    return (event.location, event.get("document_kind"), event.get("document_id"), event.get("document_line"), item)


def _post_shipments(books: Books, events: list[Event], voided: set[int]) -> None:
    """A shipment takes what was picked for its line, oldest shipment first, the rest from what can be sold.

    A voided shipment uses up nothing for the others: its goods are back where they came from.
    """
    picked: dict[tuple[str | None, ...], int] = defaultdict(int)
    for event in events:
        if event.kind == "pick" and event.get("document_id"):
            for item, units in event.parts:
                picked[_line(event, item)] += units
    for event in events:
        if event.feed != "wms" or event.kind != "ship":
            continue
        assert event.location is not None
        for item, units in event.parts:
            line = _line(event, item)
            taken = min(units, picked[line])
            if id(event) not in voided:
                picked[line] -= taken
            books.move(event, item, taken, (event.location, "allocated_picked"), ("CUSTOMER", None))
            books.move(event, item, units - taken, books.place(event, "FROM"), ("CUSTOMER", None))


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


def _post_receipts(books: Books, events: list[Event]) -> None:
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


def _post_count(books: Books, event: Event) -> None:
    """The difference to what the books say at that instant; counts come here oldest first, so earlier ones are already in."""
    assert event.location is not None
    state = (
        event.get("stock_state")
        or (event.get("to_stock_state") if event.kind == "opening" else None)
        or books.reference.default_state(event.location, event.at)
    )
    location, other = event.location, "OPENING" if event.kind == "opening" else "ADJUSTMENT"
    for item, units in event.parts:
        query = "select named, delta from legs where item = ? and location = ? and state = ? and owner = ? and occurred_at <= ?"
        values = [item, location, state, event.owner, stamp(event.at)]
        if event.lot:
            query, values = query + " and lot = ?", [*values, event.lot]
        # before a merge the named item's own goods were counted, from then on all that lie together
        counted = books.reference.heap(event.names.get(item, item), event.at)
        level = sum(
            delta for named, delta in books.con.execute(query, values).fetchall() if books.reference.heap(named, event.at) == counted
        )
        books.move(event, item, units - level, (other, None), (location, state))


def _note_fact(con: sqlite3.Connection, reference: Reference, event: Event) -> None:
    """Orders, purchase orders, shipments: what the answers need beside movements."""
    location = event.location
    if event.kind == "order_placed" and location is None and event.channel:
        # for good: the place of an order is chosen once, by the network of its day
        location = next(iter(reference.network(event.channel, event.at)), None)
    names = ("document_kind", "document_id", "document_line", "ref_document_kind", "ref_document_id", "ref_document_line", "reason_code")
    said = [event.get(name) for name in names]
    for item, units in event.parts:
        con.execute(
            "insert into facts values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                "/".join(event.key),
                event.feed,
                event.kind,
                item,
                units,
                location,
                event.channel,
                event.supplier,
                stamp(event.at),
                event.day,
                *said,
            ),
        )
