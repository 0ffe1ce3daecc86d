"""Events that stand → movements: what the set of events means for the goods.

Belongs here: from which place to which every kind moves goods, and the three rules that need other events (notices,
picks, counts). Does not belong here: what stands at all (`identity`), or sums (`answers`).

The order of the work is free of the order of arrival: plain movements first, then shipments against picks and receipts
against notices, then voids, and counts last, oldest first, since a count posts the difference to all the rest.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
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
_INSERT: Final = """insert into movements (event, kind, item, from_location, from_state, to_location, to_state, owner, lot, units,
    occurred_at, business_on, reverses, document_kind, document_id, document_line, transit_to, channel)
    values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""

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
                *start,
                *end,
                event.owner,
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
    _post_shipments(books, events, {id(target) for _, target in settled.voids})
    _post_receipts(books, events)
    for void, target in settled.voids:
        books.reverse(void, target)
    for event in events:
        if event.kind in ("count", "opening"):
            _post_count(books, event)


def _post_plain(books: Books, event: Event) -> None:
    ends = _PLAIN.get((event.feed, event.kind))
    if ends is None or (event.kind == "order_shipped" and not _is_fulfilled_by_channel(books.reference, event)):
        return
    start, end = ends
    if event.kind == "return_disposition":
        end = {"scrap": "SCRAP", "donate": "DONATION"}.get(event.get("reason_code") or "", end)
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
    place = reference.row("locations", (event.location,), event.at) if event.location else None
    return bool(place) and place.get("location_kind") == "channel_fulfilment"  # type: ignore[union-attr]


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
            for component, each in books.reference.bom(item, event.at):
                books.move(event, component, way * each * units, books.place(event, inside), ("KITTING", None), lot="")
            books.move(event, item, way * units, ("KITTING", None), books.place(event, outside))


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


def _post_receipts(books: Books, events: list[Event]) -> None:
    """A receipt takes the notices of its line, oldest first; what exceeds them comes from the supplier."""
    notices: list[list[object]] = []  # [event, item, units left]
    for event in events:
        if event.kind == "asn":
            notices += [[event, item, units] for item, units in event.parts]
    for event in events:
        if event.kind != "receipt":
            continue
        for item, units in event.parts:
            for notice in notices:
                announced, of_item, left = notice
                assert isinstance(announced, Event) and isinstance(left, int)
                if of_item != item or not _answers(event, announced):
                    continue
                taken = min(units, left)
                document = ("asn", announced.get("document_id"), announced.get("document_line"))
                books.move(
                    event,
                    item,
                    taken,
                    ("TRANSIT", None),
                    books.place(event, "in_progress"),
                    document=document,
                    transit_to=announced.location,
                )
                notice[2] = left - taken
                units -= taken
            books.move(event, item, units, ("SUPPLIER", None), books.place(event, "in_progress"))


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
        query = "select coalesce(sum(delta), 0) from legs where item = ? and location = ? and state = ? and owner = ? and occurred_at <= ?"
        values = [item, location, state, event.owner, stamp(event.at)]
        if event.lot:
            query, values = query + " and lot = ?", [*values, event.lot]
        (level,) = books.con.execute(query, values).fetchone()
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
