"""What a set of events posts does not depend on the order in which they came; a change is a reversal and a new movement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.worlds.small_home import REFERENCE, SmallHome, pos, wms


def test_a_late_scrap_changes_what_the_count_after_it_found_missing(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(
        **{
            "wms/1.jsonl": [
                wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 60),
                wms("2", "count", "2026-03-06T20:00:00", "DC", "MUG", 45),
            ]
        }
    )
    before = home.deliver(**{"pos/empty.jsonl": ""})
    home.deliver(**{"wms/late.jsonl": [wms("3", "scrap", "2026-03-06T18:00:00", "DC", "MUG", 3)]})

    counted = home.rows("select units, is_reversal from movements where movement_kind = 'count' order by known_at, is_reversal desc")
    assert counted == [(15, False), (15, True), (12, False)]
    assert home.on_hand() == {("MUG", "DC", "sellable_not_accessible"): 45}
    scrapped = "select coalesce(sum(delta), 0)::INT from codes where place = 'SCRAP' and known_at <= ?"
    assert home.rows(scrapped, before) == [(0,)]
    assert home.rows("select sum(delta)::INT from codes where place = 'DC' and known_at <= ?", before) == [(45,)]


def test_a_notice_after_its_receipt_takes_the_goods_out_of_transit(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    receipt = wms(
        "1", "receipt", "2026-03-07T10:00:00", "DC", "MUG", 3, uom_code="CS", document_kind="po", document_id="P7", document_line=1
    )
    home.deliver(**{"wms/1.jsonl": [receipt]})
    assert home.rows("select units from codes where place = 'SUPPLIER'") == [(18,)]
    notice = {
        "event_kind": "asn", "document_id": "A7", "document_line": 1, "supplier_code": "SUP", "location_code": "DC", "quantity": 24, "item_code": "MUG",
        "occurred_at": "2026-03-05T10:00:00+01:00", "ref_document_kind": "po", "ref_document_id": "P7", "ref_document_line": 1,
    }  # fmt: skip
    home.deliver(**{"supply/1.jsonl": [notice]})

    assert home.rows("select place, sum(delta)::INT from codes group by 1 having sum(delta) <> 0 order by 1") == [
        ("DC", 18),
        ("SUPPLIER", -24),
        ("TRANSIT", 6),
    ]
    assert home.on_hand() == {("MUG", "DC", "in_progress"): 18}


def test_a_void_before_its_sale_waits_and_then_takes_it_back(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"pos/1.jsonl": [pos("T1", 1, "sale_void", "2026-03-02T11:02:00", "MUG", 3)]})
    assert home.set_aside() == [("void_without_target", 1, 1)]
    home.deliver(**{"pos/2.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "MUG", 3)]})

    assert home.on_hand() == {}
    assert home.set_aside() == []
    assert home.counted("pos/1.jsonl") == (1, 1, 0, 0, 0)
    moved = home.rows("select units, is_reversal, reverses_movement_id is not null from movements order by is_reversal")
    assert moved == [(3, False, False), (3, True, True)]


def test_a_bundle_inside_a_bundle_sells_as_what_is_in_both_also_where_that_is_known_later(tmp_path: Path) -> None:
    items = REFERENCE["items"] + "SET,Set,bundle,EA\nBIG,Set and mug,bundle,EA\nSNAKE,In itself,bundle,EA\nTAIL,In a circle,bundle,EA\n"
    bom = "kit_item_code,component_item_code,component_units\nSET,DUO,2\nSET,TEE,1\nBIG,SET,1\nBIG,MUG,1\nSNAKE,TAIL,1\nTAIL,SNAKE,1\n"
    more = "kit_item_code,component_item_code,component_units,valid_from\nDUO,MUG,3,2020-01-01T00:00:00Z\n"
    sales = [pos("T1", 1, "sale", "2026-03-02T08:00:00", "BIG", 2), pos("T2", 1, "sale", "2026-03-02T08:00:00", "SET", 3)]
    sales += [pos("T2", 1, "sale_void", "2026-03-02T08:10:00", "SET", 2), pos("T3", 1, "sale", "2026-03-02T08:00:00", "SNAKE", 1)]
    shelf, hashes = "sellable_accessible", set()
    for name, order in (
        ("known", ("items", "bom", "sales", "more")),
        ("late", ("items", "sales", "bom", "more")),
        ("last", ("sales", "more", "bom", "items")),
    ):
        home = SmallHome(tmp_path / name)
        files: dict[str, dict[str, Any]] = {
            "items": {"reference/items-all.csv": items}, "bom": {"reference/bom-all.csv": bom}, "more": {"reference/bom-more.csv": more},
            "sales": {"pos/sales.jsonl": sales},
        }  # fmt: skip
        for step in order:
            home.deliver(**files[step])
        # a set is 2 x (a shirt and three mugs) and a shirt: 3 shirts and 6 mugs
        assert home.on_hand() == {("TEE", "PAR", shelf): -9, ("MUG", "PAR", shelf): -20}, name
        assert home.set_aside() == [("kit_without_bom", 4, 1)], name
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_a_bundle_sells_and_is_voided_as_its_components(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.deliver(
        **{"pos/1.jsonl": [pos("T1", 1, "sale", "2026-03-02T11:00:00", "DUO", 2), pos("T1", 2, "sale", "2026-03-02T11:00:00", "DUO", 1)]}
    )
    home.deliver(**{"pos/2.jsonl": [pos("T1", 2, "sale_void", "2026-03-02T11:05:00", "DUO", 1)]})
    assert home.on_hand() == {("TEE", "PAR", "sellable_accessible"): -2, ("MUG", "PAR", "sellable_accessible"): -4}


def test_a_higher_revision_replaces_the_lower_whichever_comes_first(tmp_path: Path) -> None:
    first = wms("1", "adjust", "2026-03-08T16:00:00", "DC", "TEE", -1, reason_code="damage")
    second = {**first, "quantity": -3, "source_revision": 1}
    hashes = set()
    for name, order in (("up", [first, second]), ("down", [second, first])):
        home = SmallHome(tmp_path / name)
        for number, row in enumerate(order):
            home.deliver(**{f"wms/{number}.jsonl": [row]})
        assert home.on_hand() == {("TEE", "DC", "sellable_not_accessible"): -3}
        assert home.counted("wms/1.jsonl") == (1, 0, 0, 1, 0)
        hashes.add(home.current["ledger_hash"])
    assert len(hashes) == 1


def test_a_pick_after_its_shipment_is_what_the_shipment_took(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    line = {"document_kind": "so", "document_id": "W1", "document_line": 1}
    home.deliver(**{"wms/1.jsonl": [wms("1", "ship", "2026-03-04T17:00:00", "DC", "TEE", 3, **line)]})
    home.deliver(**{"wms/2.jsonl": [wms("2", "pick", "2026-03-04T15:00:00", "DC", "TEE", 2, **line)]})
    assert home.on_hand() == {("TEE", "DC", "sellable_not_accessible"): -3}
    home.deliver(**{"wms/3.jsonl": [wms("3", "void_ship", "2026-03-04T18:00:00", "DC", "TEE", 3, ref_document_id="1")]})
    assert home.on_hand() == {("TEE", "DC", "sellable_not_accessible"): -2, ("TEE", "DC", "allocated_picked"): 2}


def test_a_backdated_case_size_posts_again_what_came_in_such_cases(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    rows = [wms(str(day), "receipt", f"2026-03-0{day}T10:00:00", "DC", "MUG", 1, uom_code="CS", supplier_code="SUP") for day in (2, 8)]
    before = home.deliver(**{"wms/1.jsonl": rows})
    home.deliver(**{"reference/uoms.csv": "item_code,uom_code,numerator,denominator,valid_from\nMUG,CS,8,1,2026-03-05T00:00:00Z\n"})
    assert home.on_hand() == {("MUG", "DC", "in_progress"): 14}
    assert home.rows("select sum(delta)::INT from codes where place = 'DC' and known_at <= ?", before) == [(12,)]


def test_a_shipment_of_an_order_number_of_two_channels_waits(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    ship = wms("1", "ship", "2026-03-04T17:00:00", "DC", "TEE", 1, document_kind="so", document_id="1001", document_line=1)
    order = {
        "event_kind": "order_placed", "channel_code": "web", "document_id": "1001", "document_line": 1, "occurred_at": "2026-03-04T08:00:00+01:00",
        "item_code": "TEE", "quantity": 1,
    }  # fmt: skip
    home.deliver(**{"marketplace/1.jsonl": [order], "wms/1.jsonl": [ship]})
    assert home.on_hand() == {("TEE", "DC", "sellable_not_accessible"): -1}
    home.deliver(**{"marketplace/2.jsonl": [{**order, "channel_code": "amz"}]})
    assert home.on_hand() == {}
    assert home.set_aside() == [("ambiguous_order", 1, 1)]
    home.deliver(**{"wms/2.jsonl": [{**ship, "source_revision": 1, "channel_code": "web"}]})
    assert home.on_hand() == {("TEE", "DC", "sellable_not_accessible"): -1}
    assert home.set_aside() == []


def test_what_goes_back_to_its_supplier_leaves_the_shelf_or_the_state_that_it_names(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    back = {"supplier_code": "SUP", "document_kind": "rma", "document_id": "RS1", "document_line": 1}
    home.deliver(
        **{
            "wms/1.jsonl": [
                wms("1", "opening", "2026-03-01T06:00:00", "DC", "MUG", 10),
                wms("2", "receipt", "2026-03-02T06:00:00", "DC", "MUG", 6, supplier_code="SUP", document_kind="po", document_id="P1", document_line=1),
                wms("3", "supplier_return", "2026-03-03T06:00:00", "DC", "MUG", 2, **back),
                wms("4", "supplier_return", "2026-03-03T06:00:00", "DC", "MUG", 1, uom_code="CS", stock_state="in_progress", **back),
                wms("5", "supplier_return", "2026-03-03T06:00:00", "DC", "MUG", 1, **(back | {"supplier_code": "NOBODY"})),
            ]
        }
    )  # fmt: skip
    assert home.on_hand() == {("MUG", "DC", "sellable_not_accessible"): 8}
    assert home.set_aside() == [("unknown_supplier", 5, 1)]
    ends = home.rows("""
        select p.location_code, units::INT, supplier_id is not null, document_kind from movements m
        join (select distinct location_id, location_code from locations) p on p.location_id = m.to_location_id where movement_kind = 'supplier_return' order by units""")
    assert ends == [("SUPPLIER", 2, True, "rma"), ("SUPPLIER", 6, True, "rma")]
