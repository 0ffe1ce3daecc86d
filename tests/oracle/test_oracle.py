"""The oracle itself, on cases small enough to be checked by hand, and on random worlds sent in different ways."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle import answers, driver, generate, pen, shuffle

KNOWN_AT = datetime(2026, 6, 1, 12)
REFERENCE = {
    "items": "item_code,item_kind,base_uom_code,gtin\nTEE,stock,EA,03600529000016\nMUG,stock,EA,\nGIFT,kit,EA,\nDUO,bundle,EA,\n",
    "uoms": "item_code,uom_code,numerator,denominator,gtin,valid_from\nTEE,CS,6,1,13600529000013,\nTEE,CS,10,1,13600529000013,2026-05-10\n",
    "locations": "location_code,location_kind,time_zone,gln,rfid_posting\nDC,dc,Europe/Paris,,\n"
    "SHOP,store,Europe/Lisbon,,\nFBA,channel_fulfilment,Europe/Paris,,\nBARE,store,,,\nDOCK,dc,Europe/Paris,3012345000017,authoritative\n",
    "channels": "channel_code,channel_kind,time_zone\nweb,web,Europe/Paris\namz,marketplace,Europe/Paris\n",
    "networks": "channel_code,location_code,priority\nweb,SHOP,2\nweb,DC,1\n",
    "suppliers": "supplier_code\nS1\n",
    "bom": "kit_item_code,component_item_code,component_units\nGIFT,TEE,1\nGIFT,MUG,2\nDUO,TEE,1\nDUO,MUG,3\n",
}


def world(tmp_path: Path, **feeds: list[Any]) -> answers.World:
    """The small reference data above with lines of feeds, seen at once."""
    for name, text in REFERENCE.items():
        (tmp_path / "reference").mkdir(exist_ok=True)
        (tmp_path / "reference" / f"{name}.csv").write_text(text, encoding="utf-8")
    for feed, lines in feeds.items():
        (tmp_path / feed).mkdir()
        (tmp_path / feed / "a.jsonl").write_text(
            "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf-8"
        )
    return answers.world_of(tmp_path, KNOWN_AT)


def wms(number: str, kind: str, at: str, place: str, item: str, quantity: Any, **more: Any) -> dict[str, Any]:
    return {
        "event_kind": kind,
        "source_event_id": number,
        "location_code": place,
        "occurred_at": at,
        "item_code": item,
        "quantity": quantity,
        **more,
    }


def stock(made: answers.World) -> dict[str, int]:
    """on hand, written short: 'ITEM PLACE state' → units."""
    return {" ".join(part for part in key if part): units for key, units in made.on_hand().items()}


def reasons(made: answers.World) -> list[str]:
    return [reason for _, _, reason, _ in sorted(made.quarantine())]


def test_events_at_the_instant_of_a_count_come_before_it_and_counts_follow_their_numbers(tmp_path: Path) -> None:
    at = "2026-05-05T10:00:00Z"
    made = world(
        tmp_path,
        wms=[
            wms("W9", "count", at, "DC", "TEE", 7),
            wms("W1", "opening", "2026-05-04T10:00:00Z", "DC", "TEE", 10),
            wms("W5", "scrap", at, "DC", "TEE", 1),
            wms("W8", "count", at, "DC", "TEE", 4),
        ],
    )
    assert stock(made) == {"TEE DC sellable_not_accessible": 7}
    differences = made.rows("select event, units, to_location from movements where kind = 'count' order by event")
    assert differences == [("wms/wms/number/W8", 5, "ADJUSTMENT"), ("wms/wms/number/W9", 3, "DC")]


def test_a_count_without_lot_is_of_all_lots_and_its_difference_has_none(tmp_path: Path) -> None:
    made = world(
        tmp_path,
        wms=[
            wms("W1", "opening", "2026-05-04T10:00:00Z", "DC", "TEE", 10, lot_code="A"),
            wms("W2", "opening", "2026-05-04T11:00:00Z", "DC", "TEE", 4, lot_code="B"),
            wms("W3", "count", "2026-05-05T10:00:00Z", "DC", "TEE", 12),
            wms("W4", "count", "2026-05-06T10:00:00Z", "DC", "TEE", 9, lot_code="A"),
        ],
    )
    assert made.on_hand() == {
        ("TEE", "DC", "sellable_not_accessible", "", "A"): 9,
        ("TEE", "DC", "sellable_not_accessible", "", "B"): 4,
        ("TEE", "DC", "sellable_not_accessible", "", ""): -2,
    }


def test_receipts_take_notices_of_their_line_oldest_first_and_the_rest_from_the_supplier(tmp_path: Path) -> None:
    def notice(number: str, at: str, quantity: int) -> dict[str, Any]:
        return {
            "event_kind": "asn",
            "document_kind": "asn",
            "document_id": number,
            "document_line": 1,
            "supplier_code": "S1",
            "location_code": "DC",
            "occurred_at": at,
            "item_code": "TEE",
            "quantity": quantity,
            "ref_document_kind": "po",
            "ref_document_id": "PO-1",
            "ref_document_line": 1,
        }

    lines = [notice("A2", "2026-05-05T10:00:00Z", 5), notice("A1", "2026-05-04T10:00:00Z", 3)]
    po = {"document_kind": "po", "document_id": "PO-1", "document_line": 1}
    made = world(
        tmp_path,
        supply=lines,
        wms=[
            wms("W1", "receipt", "2026-05-06T10:00:00Z", "DC", "TEE", 4, **po),
            wms("W2", "receipt", "2026-05-07T10:00:00Z", "DC", "TEE", 7, **po),
        ],
    )
    taken = made.rows("select event, from_location, document_kind, document_id, units from movements where kind = 'receipt' order by no")
    assert taken == [
        ("wms/wms/number/W1", "TRANSIT", "asn", "A1", 3),
        ("wms/wms/number/W1", "TRANSIT", "asn", "A2", 1),
        ("wms/wms/number/W2", "TRANSIT", "asn", "A2", 4),
        ("wms/wms/number/W2", "SUPPLIER", "po", "PO-1", 3),
    ]
    assert made.in_transit() == {} and stock(made) == {"TEE DC in_progress": 11}


def test_a_voided_shipment_leaves_its_pick_to_the_next(tmp_path: Path) -> None:
    so = {"document_kind": "so", "document_id": "SO-1", "document_line": 1}
    made = world(
        tmp_path,
        wms=[
            wms("W1", "opening", "2026-05-04T10:00:00Z", "DC", "TEE", 10),
            wms("W2", "pick", "2026-05-05T10:00:00Z", "DC", "TEE", 4, **so),
            wms("W3", "ship", "2026-05-05T11:00:00Z", "DC", "TEE", 4, **so),
            wms("W4", "void_ship", "2026-05-05T12:00:00Z", "DC", "TEE", 4, ref_document_id="W3"),
            wms("W5", "ship", "2026-05-05T13:00:00Z", "DC", "TEE", 5, **so),
        ],
    )
    assert stock(made) == {"TEE DC sellable_not_accessible": 5}


def test_a_bundle_posts_its_components_and_a_kit_is_stocked_itself(tmp_path: Path) -> None:
    made = world(
        tmp_path,
        wms=[
            wms("W1", "opening", "2026-05-04T10:00:00Z", "DC", "TEE", 10),
            wms("W2", "opening", "2026-05-04T10:00:00Z", "DC", "MUG", 20),
            wms("W3", "kit_assemble", "2026-05-05T10:00:00Z", "DC", "GIFT", 3),
            wms("W4", "kit_break", "2026-05-05T11:00:00Z", "DC", "GIFT", 1),
            wms("W5", "ship", "2026-05-05T12:00:00Z", "DC", "DUO", 2),
        ],
    )
    assert stock(made) == {"TEE DC sellable_not_accessible": 6, "MUG DC sellable_not_accessible": 10, "GIFT DC sellable_not_accessible": 2}


def test_a_case_is_as_large_as_its_unit_said_on_that_day(tmp_path: Path) -> None:
    made = world(
        tmp_path,
        wms=[
            wms("W1", "receipt", "2026-05-09T10:00:00Z", "DC", "TEE", 1, uom_code="CS"),
            wms("W2", "receipt", "2026-05-11T10:00:00Z", "DC", "13600529000013", 1, item_code_kind="gtin"),
            wms("W3", "receipt", "2026-05-11T10:00:00Z", "DC", "13600529000013", 1, item_code_kind="gtin", uom_code="EA"),
        ],
    )
    assert stock(made) == {"TEE DC in_progress": 16} and reasons(made) == ["unit_conflict"]


def test_a_higher_revision_replaces_whichever_comes_first(tmp_path: Path) -> None:
    old, new = (
        wms("W1", "adjust", "2026-05-05T10:00:00Z", "DC", "TEE", 5, reason_code="found"),
        wms("W1", "adjust", "2026-05-05T10:00:00Z", "DC", "TEE", 7, reason_code="found", source_revision=2),
    )
    for number, lines in enumerate([[old, new], [new, old], [new, old, old, new]]):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = world(folder, wms=lines)
        assert stock(made) == {"TEE DC sellable_not_accessible": 7}
        assert made.accounting()["wms/a.jsonl"] == (len(lines), 1, len(lines) - 2, 1, 0)


def test_a_bare_local_time_without_a_zone_waits_and_so_does_the_future(tmp_path: Path) -> None:
    made = world(
        tmp_path,
        wms=[
            wms("W1", "receipt", "2026-05-05T10:00:00", "BARE", "TEE", 1),
            wms("W2", "receipt", "2027-05-05T10:00:00Z", "DC", "TEE", 1),
            wms("W3", "receipt", "2026-05-05T00:30:00", "SHOP", "TEE", 1),
        ],
    )
    assert reasons(made) == ["zone_unknown", "future_time"]
    assert made.rows("select occurred_at, business_on from movements") == [("2026-05-04T23:30:00.000000", "2026-05-05")]


def test_only_the_marketplaces_own_warehouse_ships_by_its_word(tmp_path: Path) -> None:
    def order(kind: str, number: str, quantity: int, **more: Any) -> dict[str, Any]:
        return {
            "event_kind": kind,
            "channel_code": "web",
            "document_id": number,
            "document_line": 1,
            "occurred_at": "2026-05-05T23:30:00Z",
            "item_code": "TEE",
            "quantity": quantity,
            **more,
        }

    made = world(
        tmp_path,
        marketplace=[
            order("order_placed", "1", 5),
            order("order_shipped", "1", 2, location_code="FBA"),
            order("order_placed", "2", 5, location_code="SHOP"),
            order("order_line_changed", "2", 4),
            order("order_cancelled", "2", 1, reason_code="fraud"),
            order("order_shipped", "2", 2, location_code="SHOP"),
        ],
    )
    assert stock(made) == {"TEE FBA sellable_not_accessible": -2}
    assert made.demand() == {("TEE", "DC", "web", "2026-05-06"): 5, ("TEE", "SHOP", "web", "2026-05-06"): 3}
    assert made.position() == {("TEE", "FBA"): -2, ("TEE", "DC"): -3, ("TEE", "SHOP"): -1}


def test_a_shipment_of_a_number_that_two_channels_have_waits(tmp_path: Path) -> None:
    def order(channel: str) -> dict[str, Any]:
        return {
            "event_kind": "order_placed",
            "channel_code": channel,
            "document_id": "1001",
            "document_line": 1,
            "occurred_at": "2026-05-05T10:00:00Z",
            "item_code": "TEE",
            "quantity": 1,
        }

    so = {"document_kind": "so", "document_id": "1001", "document_line": 1}
    made = world(
        tmp_path,
        marketplace=[order("web"), order("amz")],
        wms=[
            wms("W1", "ship", "2026-05-06T10:00:00Z", "DC", "TEE", 1, **so),
            wms("W2", "ship", "2026-05-06T11:00:00Z", "DC", "TEE", 1, channel_code="amz", **so),
        ],
    )
    assert reasons(made) == ["ambiguous_order"] and stock(made) == {"TEE DC sellable_not_accessible": -1}


def consigned(kind: str, place: str, quantity: int, owner: str, **more: Any) -> dict[str, Any]:
    return {
        "event_kind": f"consignment_{kind}",
        "document_id": "C1",
        "document_line": 1,
        "owner_code": owner,
        "location_code": place,
        "occurred_at": "2026-05-05T10:00:00Z",
        "item_code": "TEE",
        "quantity": quantity,
        **more,
    }


def test_consumption_of_others_goods_changes_the_owner_and_not_the_place(tmp_path: Path) -> None:
    made = world(
        tmp_path,
        supply=[
            consigned("deliver", "SHOP", 10, "S1"),
            consigned("consume", "SHOP", 4, "S1"),
            consigned("return", "SHOP", 1, "S1"),
            consigned("loss", "SHOP", 2, "S1", reason_code="theft"),
            consigned("joint_count", "SHOP", 2, "S1", occurred_at="2026-05-06T10:00:00Z"),
        ],
    )
    assert made.on_hand() == {("TEE", "SHOP", "sellable_accessible", "S1", ""): 2, ("TEE", "SHOP", "sellable_accessible", "", ""): 4}
    assert made.rows("select to_location, sum(units) from movements where to_state is null and owner = 'S1' group by 1 order by 1") == [
        ("ADJUSTMENT", 3),
        ("SUPPLIER", 5),
    ]


def test_a_line_that_meets_a_tag_is_about_the_same_goods(tmp_path: Path) -> None:
    def read(number: int, minute: int, *serials: int) -> dict[str, Any]:
        return {
            "type": "ObjectEvent",
            "eventID": f"urn:uuid:{number}",
            "action": "OBSERVE",
            "bizStep": "receiving",
            "eventTime": f"2026-05-05T10:{minute:02d}:00Z",
            "bizLocation": {"id": "urn:epc:id:sgln:3012345.00001.0"},
            "bizTransactionList": [{"type": "po", "bizTransaction": "PO-1"}],
            "epcList": [f"urn:epc:id:sgtin:3600529.000001.{serial}" for serial in serials],
        }

    po = {"document_kind": "po", "document_id": "PO-1", "document_line": 1}
    made = world(
        tmp_path,
        rfid=[read(1, 0, 1, 2, 3), read(2, 5, 3, 4)],
        wms=[
            wms("W1", "receipt", "2026-05-05T11:00:00Z", "DOCK", "TEE", 6, lot_code="A", **po),
            wms("W2", "receipt", "2026-05-06T11:00:00Z", "DOCK", "TEE", 5, lot_code="B", **po),
        ],
    )
    assert made.on_hand() == {("TEE", "DOCK", "in_progress", "", "A"): 4, ("TEE", "DOCK", "in_progress", "", "B"): 5}


@pytest.mark.parametrize("seed", range(5))
def test_a_random_world_loses_and_makes_nothing(tmp_path: Path, seed: int) -> None:
    made = driver.expected(driver.scans_from(generate.write(tmp_path, seed), pen.KNOWN_AT))
    assert made.rows("select no, item from legs group by no, item having sum(delta) <> 0") == []
    assert all(counts[0] == sum(counts[1:]) for counts in made.accounting().values())
    assert made.rows("select sum(rows_in) from deliveries") == made.rows("select count(*) from fates")


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world_seed=st.integers(0, 1000), schedule=shuffle.schedules())
def test_the_oracle_says_the_same_of_every_schedule_of_one_set(
    tmp_path_factory: pytest.TempPathFactory, world_seed: int, schedule: shuffle.Schedule
) -> None:
    folder = tmp_path_factory.mktemp("schedule")
    lines = generate.lines(world_seed, 150)
    plain = driver.expected(
        driver.scans_from(shuffle.write(folder / "plain", lines, shuffle.Schedule(0, copy_rate=0, resend_rate=0)), pen.KNOWN_AT)
    )
    other = driver.expected(driver.scans_from(shuffle.write(folder / "other", lines, schedule), pen.KNOWN_AT))
    columns = (
        "event, kind, item, from_location, from_state, to_location, to_state, owner, lot, units, occurred_at, business_on, document_id"
    )
    movements = f"select {columns} from movements order by {columns}"
    assert other.rows(movements) == plain.rows(movements)
    assert (other.on_hand(), other.demand(), other.position()) == (plain.on_hand(), plain.demand(), plain.position())
