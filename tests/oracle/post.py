"""Events that stand → movements: what the set of events means for the goods.

Belongs here: from which place to which every kind moves goods, and the rules that need other events (notices, tags,
picks, counts). Does not belong here: what stands at all (`identity`), or sums (`answers`).

The order of the work is free of the order of arrival: plain movements first, then shipments against picks and receipts
against notices, then voids, and counts last, oldest first, since a count posts the difference to all the rest.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Final

from oracle.books import Books, Place, by_time, stamp
from oracle.identity import Settled
from oracle.receipts import post_receipts
from oracle.resolve import Event, Reference

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
    ("wms", "supplier_return"): ("FROM", "SUPPLIER"),
    ("supply", "asn"): ("SUPPLIER", "TRANSIT"),
    ("marketplace", "order_shipped"): ("FROM", "CUSTOMER"),
}


def post(con: sqlite3.Connection, reference: Reference, settled: Settled) -> None:
    """Fill `movements` and `facts`."""
    books = Books(con, reference)
    events = sorted(settled.events, key=by_time)
    for event in events:
        _note_fact(con, reference, event)
        _post_plain(books, event)
        _post_special(books, event)
        _post_consignment(books, event)
    voided: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for void, target in settled.voids:
        for item, units in void.parts:
            voided[id(target)][item] += units
    _post_shipments(books, events, voided)
    post_receipts(books, events)
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


def _post_shipments(books: Books, events: list[Event], voided: dict[int, dict[str, int]]) -> None:
    """A shipment takes what was picked for its line, oldest shipment first, the rest from what can be sold.

    What was voided of a shipment uses up nothing for the others: it is back where it came from, what was not picked first.
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
            picked[line] -= min(taken, units - voided[id(event)][item])
            books.move(event, item, taken, (event.location, "allocated_picked"), ("CUSTOMER", None))
            books.move(event, item, units - taken, books.place(event, "FROM"), ("CUSTOMER", None))


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
