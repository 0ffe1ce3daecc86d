"""Who an event is: natural keys, numbers, voids and their sales, revisions, source systems, GS1 codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from feeds.landed import land_file
from pipelines.feeds.reading import gs1

SALE = {
    "event_kind": "sale", "location_code": "PAR", "register_no": "1", "document_id": "A-1", "document_line": 1,
    "occurred_at": "2026-03-02T10:05:00+01:00", "item_code": "MUG", "quantity": 1,
}  # fmt: skip


def keys(tmp_path: Path, *rows: dict[str, Any], uri: str = "pos/a.jsonl") -> pl.DataFrame:
    return land_file(tmp_path, uri, "".join(json.dumps(row) + "\n" for row in rows)).events()


def test_the_day_as_written_belongs_to_a_ticket_line(tmp_path: Path) -> None:
    late, next_day, stated = (
        {**SALE, "occurred_at": "2026-03-02T23:59:00-05:00"},
        {**SALE, "occurred_at": "2026-03-03T00:01:00"},
        {**SALE, "business_on": "2026-03-02", "occurred_at": "2026-03-03T00:01:00"},
    )
    events = keys(tmp_path, SALE, late, next_day, stated)
    first, second, third, fourth = events["key_hi"].to_list()
    assert first == second == fourth != third
    assert events["payload_hash"].n_unique() == 4


def test_a_void_looks_for_the_key_of_its_sale(tmp_path: Path) -> None:
    events = keys(tmp_path, SALE, {**SALE, "event_kind": "sale_void"})
    sale, void = events.rows(named=True)
    assert (void["target_hi"], void["target_lo"]) == (sale["key_hi"], sale["key_lo"])
    assert void["key_hi"] != sale["key_hi"]
    assert sale["target_hi"] is None


def test_a_numbered_sale_says_which_line_it_is(tmp_path: Path) -> None:
    events = keys(tmp_path, {**SALE, "source_event_id": "X1"}, SALE, {**SALE, "event_kind": "sale_void", "source_event_id": "X2"})
    numbered, plain, void = events.rows(named=True)
    assert numbered["key_hi"] != plain["key_hi"] == numbered["target_hi"] == void["target_hi"]


def test_a_voided_shipment_is_known_by_its_number(tmp_path: Path) -> None:
    base = {"location_code": "DC1", "occurred_at": "2026-03-02T10:05:00Z", "item_code": "MUG", "quantity": 1}
    events = keys(
        tmp_path, {**base, "event_kind": "ship", "source_event_id": "S1"}, {**base, "event_kind": "void_ship", "source_event_id": "S2", "ref_document_id": "S1"},
        uri="wms/a.jsonl",
    )  # fmt: skip
    ship, void = events.rows(named=True)
    assert (void["target_hi"], void["target_lo"]) == (ship["key_hi"], ship["key_lo"])


def test_parts_of_a_key_cannot_be_mistaken_for_one_another(tmp_path: Path) -> None:
    one = {**SALE, "register_no": "1", "document_id": "2A"}
    two = {**SALE, "register_no": "12", "document_id": "A"}
    none = {name: value for name, value in SALE.items() if name != "register_no"}
    assert keys(tmp_path, one, two, none, SALE)["key_hi"].n_unique() == 4


def test_the_folder_names_the_source_system_and_a_line_may_too(tmp_path: Path) -> None:
    at_home = keys(tmp_path / "1", SALE)
    elsewhere = keys(tmp_path / "2", SALE, uri="pos/till-north/a.jsonl")
    by_line = keys(tmp_path / "3", {**SALE, "source_system": "till-north"})
    assert at_home["key_hi"].item() != elsewhere["key_hi"].item() == by_line["key_hi"].item()


def test_a_number_stands_alone_whatever_the_line_says(tmp_path: Path) -> None:
    events = keys(
        tmp_path, {**SALE, "source_event_id": "X1"}, {**SALE, "source_event_id": "X1", "document_line": 2, "location_code": "LIS"}
    )
    assert events["key_hi"].n_unique() == 1
    assert events["payload_hash"].n_unique() == 2


def test_a_revision_belongs_to_the_key_of_supply_lines_only(tmp_path: Path) -> None:
    po = {
        "event_kind": "po_changed",
        "document_id": "PO-1",
        "document_line": 1,
        "supplier_code": "S",
        "occurred_at": "2026-03-02T10:05:00Z",
        "item_code": "MUG",
        "quantity": 1,
    }
    supply = keys(
        tmp_path / "1", po, {**po, "source_revision": 0}, {**po, "source_revision": 1, "document_kind": "po"}, uri="supply/a.jsonl"
    )
    assert [row == supply["key_hi"][0] for row in supply["key_hi"]] == [True, True, False]
    pos = keys(tmp_path / "2", SALE, {**SALE, "source_revision": 1})
    assert pos["key_hi"].n_unique() == 1


def test_recording_time_is_no_part_of_what_is_said(tmp_path: Path) -> None:
    events = keys(tmp_path, SALE, {**SALE, "recorded_at": "2026-03-02T12:00:00Z"})
    assert events["payload_hash"].n_unique() == 1


def test_equal_values_written_differently_say_the_same(tmp_path: Path) -> None:
    other = {
        **SALE,
        "quantity": "1.00",
        "document_line": "1",
        "item_code_kind": "sku",
        "channel_code": "store",
        "reason_code": None,
        "occurred_at": "2026-03-02 10:05+0100",
    }
    events = keys(tmp_path, SALE, other)
    assert events["payload_hash"].n_unique() == events["key_hi"].n_unique() == 1


def test_stock_messages_and_listings_have_keys_of_their_own(tmp_path: Path) -> None:
    stock = {
        "event_kind": "stock_published",
        "channel_code": "amz",
        "item_code": "MUG",
        "publish_no": 1,
        "quantity": 3,
        "occurred_at": "2026-03-02T10:05:00Z",
    }
    listing = {"event_kind": "listing_on", "channel_code": "amz", "item_code": "MUG", "occurred_at": "2026-03-02T10:05:00Z"}
    rows = (
        stock,
        {**stock, "occurred_at": "2026-03-02T10:06:00Z"},
        {**stock, "publish_no": 2},
        listing,
        {**listing, "occurred_at": "2026-03-02T10:06:00Z"},
    )
    events = keys(tmp_path, *rows, uri="marketplace/a.jsonl")
    assert events["key_hi"].n_unique() == 4
    assert events["document_id"].to_list() == ["1", "1", "2", None, None]
    assert events["document_kind"].to_list() == ["publication"] * 3 + [None] * 2


def test_at_16_an_sgtin_is_read_as_gtin_14_and_serial() -> None:
    assert gs1.gtin_of_epc("urn:epc:id:sgtin:0614141.112345.400") == ("10614141123459", "400")


def test_gtins_are_compared_padded_to_14_and_sgtins_as_gtins(tmp_path: Path) -> None:
    rows = [{**SALE, "item_code": code, "item_code_kind": kind, "document_line": line} for line, (code, kind) in enumerate(
        [("3600529000030", "gtin"), ("03600529000030", "gtin"), ("urn:epc:id:sgtin:3600529.000003.7", "epc"), ("3600529000030", "sku")])]  # fmt: skip
    events = keys(tmp_path, *rows)
    assert events["item_code"].to_list() == ["03600529000030"] * 3 + ["3600529000030"]
    assert events["item_code_kind"].to_list() == ["gtin"] * 3 + [None]
    assert events["epcs"].to_list() == [None, None, ["https://id.gs1.org/01/03600529000030/21/7"], None]


def test_an_sgln_is_read_as_gln(tmp_path: Path) -> None:
    events = keys(tmp_path, {**SALE, "location_code": "urn:epc:id:sgln:3012345.00002.0", "location_code_kind": "sgln"})
    assert events.select("location_code", "location_code_kind").row(0) == ("3012345000024", "gln")
