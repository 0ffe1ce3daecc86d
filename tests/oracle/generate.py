"""A seeded small world: ten days of a warehouse, two shops in other zones, a marketplace's own warehouse, a client's site
and a supplier's corner.

Belongs here: which events the random world has. Does not belong here: disturbing them (`shuffle`), or what they mean.
It writes scans: landing folders to be delivered one after the other. The second one brings what the first did not know:
an item, a bigger case, another bill of the kit, all of them valid from a stated day, so that the set means the same
in whatever scan the events come.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from oracle.generate_reference import FIRST, LATER
from oracle.generate_supply import consign, supply
from oracle.pen import START, ZONES, Line, World


def _open(world: World) -> None:
    for place in ZONES:
        for item in ("TEE", "MUG", "TEA", "GIFT"):
            if world.random.random() < 0.7:
                world.wms("opening", START, place, item, world.random.randint(5, 60))
    world.wms("opening", START, "DC1", "TEA", 12, lot_code="L1")


def _sell(world: World) -> None:
    place = world.random.choice(["LIS", "NYC"])
    at = world.when()
    written = world.write(at, place)
    ticket, register = world.next("P"), world.random.choice(["1", "2"])
    line: dict[str, Any] = {
        "event_kind": "sale",
        "location_code": place,
        "register_no": register,
        "document_id": ticket,
        "document_line": 1,
        "occurred_at": written,
        "item_code": world.random.choice(["TEE", "MUG", "TEA", "GIFT", "DUO", "LAMP"]),
        "quantity": world.units(),
        "unit_price_amount": "9.90",
        "currency_code": "EUR",
    }
    if world.random.random() < 0.2:
        line |= {
            "item_code": world.random.choice(["3600529000016", "13600529000020", "03600529000030"]),
            "item_code_kind": "gtin",
            "quantity": 1,
        }
    elif world.random.random() < 0.1:
        line |= {"uom_code": "DZ", "quantity": 1}
    if world.random.random() < 0.2:
        line["source_event_id"] = world.next("S")
    fate = world.random.random()
    if fate < 0.2 and "source_event_id" in line:
        world.add("pos", **(line | {"source_revision": 1, "quantity": 2, "unit_price_amount": "8.90"}))
    world.add("pos", **line)
    if fate > 0.75:
        void = {name: value for name, value in line.items() if name != "source_event_id"} | {"event_kind": "sale_void"}
        if world.random.random() < 0.5:
            void = void | {"quantity": world.random.randint(1, 2), "source_event_id": world.next("V")}
            world.add("pos", **(void | {"quantity": 1, "source_event_id": world.next("V")}))
        world.add("pos", **void)
        world.add("pos", **(line | {"document_line": 2} | ({"source_event_id": world.next("S")} if "source_event_id" in line else {})))


def _return(world: World) -> None:
    place = world.random.choice(["LIS", "NYC"])
    kind = world.random.choice(["return", "exchange", "price_only"])
    world.add(
        "pos",
        event_kind=kind,
        location_code=place,
        register_no="1",
        document_id=world.next("P"),
        document_line=1,
        occurred_at=world.write(world.when(), place),
        item_code=world.random.choice(["TEE", "MUG"]),
        quantity=world.units(),
    )


def _close_till(world: World) -> None:
    world.add(
        "pos",
        event_kind="till_close",
        location_code="LIS",
        register_no="1",
        document_id=world.next("Z"),
        document_line=1,
        occurred_at=world.write(world.when(), "LIS"),
        quantity=world.units(),
    )


def _handle(world: World) -> None:
    """One warehouse transaction that needs nothing else."""
    place, item, at, units = world.random.choice(["DC1", "LIS"]), world.goods(), world.when(), world.units()
    kind = world.random.choice(
        [
            "putaway",
            "qc_hold",
            "qc_release",
            "pack",
            "return_receive",
            "return_inspect",
            "scrap",
            "supplier_return",
            "snapshot",
            "adjust",
            "move",
            "status_change",
            "return_disposition",
            "kit_assemble",
            "kit_break",
            "unknown_place",
        ]
    )
    more: dict[str, Any] = {}
    quantity: Any = units
    if kind == "adjust":
        quantity, more = world.random.choice([-2, 3, "-1", "2.0"]), {"reason_code": "found"}
    elif kind == "move":
        more = {"to_location_code": world.random.choice(["LIS", "NYC", "FBA"])}
    elif kind == "status_change":
        more = {"stock_state": "sellable_not_accessible", "to_stock_state": world.random.choice(["damaged", "held_back"])}
    elif kind == "return_disposition":
        more = world.random.choice([{"reason_code": "scrap"}, {"reason_code": "donate"}, {"to_stock_state": "sellable_not_accessible"}])
    elif kind in ("kit_assemble", "kit_break"):
        item = "GIFT"
    elif kind == "supplier_return":
        more = {"supplier_code": "S1", "document_kind": "rma", "document_id": world.next("RS-"), "document_line": 1}
    elif kind == "scrap":
        more = world.random.choice([{}, {"lot_code": "L1"}, {"stock_state": "damaged"}])
    if kind == "unknown_place":
        world.add(
            "wms",
            event_kind="scrap",
            source_event_id=world.next("W"),
            location_code="ATLANTIS",
            occurred_at="2026-05-05T10:00:00Z",
            item_code="TEE",
            quantity=1,
        )
        return
    world.wms(kind, at, place, item, quantity, **more)


def _count(world: World) -> None:
    """A count, sometimes two at one instant, of one lot, or of a state."""
    place, item, at = world.random.choice(list(ZONES)), world.goods(), world.when()
    for _ in range(world.random.choice([1, 1, 2])):
        more = world.random.choice([{}, {}, {"lot_code": "L1"}, {"stock_state": "in_progress"}])
        world.wms(world.random.choice(["count", "count", "count", "opening"]), at, place, item, world.random.randint(1, 40), **more)


def _transfer(world: World) -> None:
    number, item, place = world.next("T"), world.goods(), world.random.choice(["LIS", "NYC"])
    document = {"document_kind": "to", "document_id": number, "document_line": 1}
    world.wms("transfer_ship", world.when(), "DC1", item, 5, to_location_code=place, **document)
    for _ in range(world.random.randint(0, 2)):
        world.wms("transfer_receive", world.when(), place, item, world.random.randint(1, 3), **document)


def _order(world: World) -> None:
    """An order with all that can follow it: change, cancellations, picks, shipments, voids."""
    channel, number = world.random.choice(["web", "amz"]), world.next("SO-")
    item = world.random.choice(["TEE", "MUG", "TEA", "GIFT", "DUO"])
    line = {"channel_code": channel, "document_id": number, "document_line": 1, "item_code": item}

    def order(kind: str, quantity: int, **more: Any) -> None:
        world.add("marketplace", event_kind=kind, occurred_at=world.when().isoformat(), quantity=quantity, **line, **more)

    order("order_placed", world.units(), location_code=world.random.choice([None, None, "LIS"]))
    if world.random.random() < 0.2:
        order("order_line_changed", 4)
    if world.random.random() < 0.3:
        order("order_cancelled", 1, reason_code=world.random.choice(["customer", "stock", "fraud"]))
    document = {"document_kind": "so", "document_id": number, "document_line": 1}
    for _ in range(world.random.choice([0, 1, 1, 2])):
        if channel == "amz" and world.random.random() < 0.5:
            order("order_shipped", 1, location_code="FBA", source_event_id=world.next("M"))
            continue
        if world.random.random() < 0.5:
            world.wms("pick", world.when(), "DC1", item, world.random.randint(1, 3), **document)
        at = world.when()
        shipment = world.wms(
            "ship", at, "DC1", item, world.random.randint(1, 3), channel_code=world.random.choice([None, channel]), **document
        )
        if world.random.random() < 0.25:
            world.wms("void_ship", at + timedelta(minutes=30), "DC1", item, 1, ref_document_id=shipment)


def _publish(world: World) -> None:
    number, at = world.random.randint(1, 10_000), world.when()
    common = {"channel_code": "amz", "item_code": "TEE", "publish_no": number, "quantity": world.random.randint(0, 9)}
    world.add("marketplace", event_kind="stock_published", occurred_at=at.isoformat(), **common)
    world.add("marketplace", event_kind="stock_ack", occurred_at=(at + timedelta(minutes=8)).isoformat(), **common)


def _read_tags(world: World) -> None:
    world.add(
        "rfid",
        type="ObjectEvent",
        eventID=f"urn:uuid:00000000-0000-4000-8000-{world.random.getrandbits(48):012x}",
        action="OBSERVE",
        bizStep="cycle_counting",
        disposition="sellable_accessible",
        eventTime=world.when().isoformat(),
        eventTimeZoneOffset="+00:00",
        readPoint={"id": "urn:epc:id:sgln:3012345.00003.0"},
        bizLocation={"id": "urn:epc:id:sgln:3012345.00003.0"},
        epcList=["urn:epc:id:sgtin:3600529.000001.1001", "urn:epc:id:sgtin:3600529.000001.1002"],
    )


def _spoil(world: World) -> None:
    """A line that must be set aside, each for another reason."""
    number = world.next("X")
    sale: dict[str, Any] = {
        "event_kind": "sale",
        "location_code": "LIS",
        "document_id": number,
        "document_line": 1,
        "occurred_at": "2026-05-06T10:00:00Z",
        "item_code": "TEE",
        "quantity": 1,
    }
    order = {"document_id": number, "document_line": 1, "occurred_at": "2026-05-06T10:00:00Z", "item_code": "TEE", "quantity": 1}
    bare = order | {"occurred_at": "2026-05-06T10:00:00"}  # no zone, and no place that has one
    spoiled: list[Line] = [
        ("pos", json.dumps(sale)[:60]),
        ("pos", sale | {"quantity": 1.5}),
        ("pos", sale | {"quantity": -1}),
        ("pos", sale | {"item_code": "3600529000017", "item_code_kind": "gtin"}),
        ("pos", sale | {"item_code": "13600529000020", "item_code_kind": "gtin", "uom_code": "EA"}),
        ("pos", sale | {"occurred_at": "2031-01-01T00:00:00Z"}),
        ("pos", sale | {"item_code": "NOBODY-KNOWS"}),
        ("pos", sale | {"event_kind": "sale_void"}),
        ("marketplace", order | {"event_kind": "order_placed", "channel_code": "nowhere"}),
        ("supply", bare | {"event_kind": "po_created", "document_kind": "po", "supplier_code": "S1"}),
    ]
    world.lines.append(world.random.choice(spoiled))


def _contradict(world: World) -> None:
    number = world.wms("adjust", world.when(), "DC1", "TEE", -1, reason_code="found")
    world.add(
        "wms",
        event_kind="adjust",
        source_event_id=number,
        location_code="DC1",
        occurred_at="2026-05-06T10:00:00Z",
        item_code="TEE",
        quantity=-3,
        reason_code="found",
    )


_ACTIONS: Final[dict[Callable[[World], None], int]] = {
    _sell: 12,
    _return: 3,
    _close_till: 1,
    supply: 8,
    consign: 5,
    _handle: 12,
    _count: 6,
    _transfer: 3,
    _order: 10,
    _publish: 1,
    _read_tags: 1,
    _spoil: 3,
}


def lines(seed: int, events: int = 300, *, has_conflicts: bool = False) -> list[Line]:
    """About `events` lines (feed, fields or raw text), in no particular order of time."""
    world = World(seed, events, has_conflicts=has_conflicts)
    _open(world)
    actions, weights = list(_ACTIONS), list(_ACTIONS.values())
    while len(world.lines) < events:
        world.random.choices(actions, weights)[0](world)
    if has_conflicts:
        _contradict(world)
    return world.lines


def write_reference(folder: Path, *, is_later: bool = False) -> None:
    """The reference files of the first scan, or what a later one adds to them."""
    (folder / "reference").mkdir(parents=True, exist_ok=True)
    for name, text in (LATER if is_later else FIRST).items():
        (folder / "reference" / f"{name}.csv").write_text(text, encoding="utf-8")


def write(root: Path, seed: int, events: int = 300, *, has_conflicts: bool = False) -> list[Path]:
    """Two scans under `root`: everything in one file a feed, then what the reference data lacked; returns their folders."""
    first, later = root / "1", root / "2"
    write_reference(first)
    write_reference(later, is_later=True)
    for feed, line in lines(seed, events, has_conflicts=has_conflicts):
        (first / feed).mkdir(exist_ok=True)
        with (first / feed / "all.jsonl").open("a", encoding="utf-8") as file:
            file.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
    return [first, later]
