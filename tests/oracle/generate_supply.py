"""What suppliers do in the random world: orders, notices, receipts, tags, consignment.

Belongs here: these acts. Does not belong here: when they are chosen (`generate`).
"""

from __future__ import annotations

from typing import Any, Final

from oracle.pen import KNOWN_AT, World


def supply(world: World) -> None:
    """A purchase order, up to two notices of its line, and up to three receipts and reads against either."""
    order, item, place = world.next("PO-"), world.random.choice(["TEE", "MUG", "TEA", "LAMP"]), world.random.choice(["DC1", "LIS"])
    uom = "CS" if item == "MUG" and world.random.random() < 0.5 else None
    common = {"supplier_code": "S1", "location_code": place, "item_code": item, "uom_code": uom}

    def say(kind: str, quantity: int, **more: Any) -> None:
        world.add("supply", event_kind=kind, occurred_at=world.write(world.when(), place), quantity=quantity, **common, **more)

    say("po_created", 10, document_kind="po", document_id=order, document_line=1)
    if world.random.random() < 0.3:
        say("po_changed", 8, document_kind="po", document_id=order, document_line=1)
    notices = [world.next("ASN-") for _ in range(world.random.randint(0, 2))]
    for notice in notices:
        reference = {"ref_document_kind": "po", "ref_document_id": order, "ref_document_line": 1} if world.random.random() < 0.8 else {}
        say("asn", world.units(), document_kind="asn", document_id=notice, document_line=1, **reference)
    for _ in range(world.random.randint(0, 3)):
        kind, number = world.random.choice([("po", order), *(("asn", notice) for notice in notices)])
        world.wms(
            "receipt",
            world.when(),
            place,
            item,
            world.units(),
            uom_code=uom,
            supplier_code="S1",
            document_kind=kind,
            document_id=number,
            document_line=1,
            owner_code=world.random.choice([None, None, "self", "ACME"]),
            lot_code=world.random.choice([None, None, "L1"]),
        )
    for _ in range(world.random.choice([0, 0, 1, 2])):
        kind, number = world.random.choice([("po", order), *(("desadv", notice) for notice in notices)])
        _receive_tags(world, place, item, order, kind, number)


_CLASSES: Final = {"TEE": ["000001"], "MUG": ["000002", "100002"], "LAMP": ["000005"], "TEA": ["000009", "000003"]}
"""Item → what its tags have for indicator and item number; of tea one is nobody's."""


def _receive_tags(world: World, place: str, item: str, order: str, kind: str, number: str) -> None:
    """A reader sees some of an order's tags, as it may have before; one event in six turns out not to have been."""
    read: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:00000000-0000-4000-8000-{world.random.getrandbits(48):012x}",
        "action": world.random.choice(["OBSERVE", "OBSERVE", "ADD", "DELETE"]),
        "bizStep": world.random.choice(["receiving", "receiving", "receiving", "storing"]),
        "disposition": "in_progress",
        "eventTime": world.when().isoformat(),
        "eventTimeZoneOffset": "+00:00",
        "bizLocation": {"id": f"urn:epc:id:sgln:3012345.{'00001' if place == 'DC1' else '00003'}.0"},
        "bizTransactionList": [{"type": kind, "bizTransaction": number}],
    }
    serials = world.random.sample(range(8), world.random.randint(1, 5))
    tags = [f"urn:epc:id:sgtin:3600529.{world.random.choice(_CLASSES[item])}.{order}-{serial}" for serial in serials]
    if world.random.random() < 0.3:
        read |= {"type": "AggregationEvent", "parentID": f"urn:epc:id:sscc:3600529.{world.number:010d}", "childEPCs": tags}
    else:
        read |= {"epcList": tags}
    world.add("rfid", **read)
    if world.random.random() < 0.15:
        world.add("rfid", **read, errorDeclaration={"declarationTime": KNOWN_AT.isoformat() + "Z", "reason": "did_not_occur"})


def consign(world: World) -> None:
    """Goods with somebody else than their owner: what is delivered, used, sent back, lost and counted, in any order."""
    document, item = world.next("CON-"), world.random.choice(["TEE", "MUG", "TEA", "GIFT", "DUO"])
    owner, place, elsewhere = world.random.choice(
        [("S1", "VMI", "LIS"), ("S1", "LIS", "VMI"), ("self", "CLI", "DC1"), ("ACME", "CLI", "DC1")]
    )
    if world.random.random() < 0.5 and place == "CLI":
        number = {"document_kind": "to", "document_id": document, "document_line": 1}
        world.wms("transfer_ship", world.when(), elsewhere, item, 6, to_location_code=place, **number)
    for kind in world.random.choices(
        ["deliver", "deliver", "consume", "consume", "return", "loss", "joint_count"], k=world.random.randint(1, 4)
    ):
        more: dict[str, Any] = {}
        start = place
        if kind == "deliver" and world.random.random() < 0.5:
            start, more = elsewhere, {"to_location_code": place}
        elif kind == "deliver" and place == "CLI":
            more = {"document_kind": "to"}
        elif kind == "return" and (owner == "self" or world.random.random() < 0.5):
            more = {"to_location_code": elsewhere, "to_stock_state": world.random.choice([None, "returned"])}
        elif kind == "loss":
            more = {"reason_code": world.random.choice(["damage", "theft"]), "liable_party": "ACME"}
        elif kind == "consume" and world.random.random() < 0.2:
            more = {"lot_code": "L1"}
        line = {
            "event_kind": f"consignment_{kind}",
            "document_id": document,
            "document_line": world.number,  # a line of its own: another content under the same key would be a contradiction
            "owner_code": owner,
            "location_code": start,
            "occurred_at": world.write(world.when(), start),
            "item_code": item if kind != "joint_count" or item != "DUO" else "TEE",
            "quantity": world.units(),
        }
        world.number += 1
        if kind == "consume" and world.random.random() < 0.2:
            world.add("supply", **(line | more | {"quantity": 3, "source_revision": 1}))
        world.add("supply", **line, **more)
