"""Worlds in which a fault was seen once, each small, put into one home together: what must come out, to the unit.

Read in place, beside the real data; without them these tests are skipped, saying so.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.cli.main import call

REAL = os.environ.get("PARSTOCK_REAL_DATA")
CASES = Path(REAL).parent / "cases" if REAL else Path("cases")
if not CASES.is_dir():
    pytest.skip(f"the reported faults are not here: PARSTOCK_REAL_DATA is {REAL or 'not set'}", allow_module_level=True)

AS_OF = "2026-11-30T12:00+01:00"
TOGETHER = (
    "big-quantities", "bundle-published", "business-day-typo", "class-quantity-received", "ended-item", "late-days-disagree",
    "multiple-zero", "negative-price-line", "order-maximum", "reasons-of-cancellation", "received-not-put-away", "running-day",
    "two-currencies", "void-of-a-part", "void-ship-next-day",
)  # fmt: skip


class Published:
    """The published file of a home, asked by codes."""

    def __init__(self, home: Path, exit_code: int) -> None:
        self.exit_code = exit_code
        self.home = home
        self._con = duckdb.connect(str((home / "published" / "parstock.duckdb").resolve()), read_only=True)
        self._con.execute("set timezone = 'UTC'")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._con.execute(query, list(values)).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        rows = self.rows(query, *values)
        assert len(rows) == 1, rows
        return rows[0][0] if len(rows[0]) == 1 else rows[0]

    def of_item(self, table: str, columns: str, item: str, more: str = "") -> list[tuple[Any, ...]]:
        return self.rows(f"select {columns} from {table} join core.dim_item using (item_id) where item_code = ? {more}", item)

    def on_hand(self, item: str) -> int:
        return int(self.of_item("stock.on_hand", "coalesce(sum(on_hand_units), 0)::bigint", item)[0][0])


def _run(folder: Path, names: tuple[str, ...], as_of: str) -> Published:
    landing = folder / "landing"
    for name in names:
        shutil.copytree(CASES / name / "landing", landing, dirs_exist_ok=True)
    home = folder / "home"
    return Published(home, call(["run", "--home", str(home), "--from", str(landing), "--as-of", as_of, "--json"]))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return _run(tmp_path_factory.mktemp("faults"), TOGETHER, AS_OF)


def test_one_run_of_them_all_ends_well(world: Published) -> None:
    assert world.exit_code == 0


def test_bulk_goods_are_counted_beyond_a_million_base_units(world: Published) -> None:
    assert [world.on_hand(item) for item in ("BQ1", "BQ2", "BQ3")] == [1_200_000, 1_500_000, 1_500_000]


def test_a_bundle_has_as_many_as_its_scarcest_component_allows(world: Published) -> None:
    assert world.rows("""
        select ats_units from availability.by_channel join core.dim_item using (item_id) join core.dim_channel using (channel_id)
        where item_code = 'BPB' and channel_code = 'web-bp'""") == [(43,)]


def test_what_a_channel_shows_of_a_bundle_is_compared(world: Published) -> None:
    [row] = world.rows("select d.* from availability.desync as d join core.dim_item using (item_id) where item_code = 'BPB'")
    assert {50, 43, 7} <= {int(value) for value in row if isinstance(value, int)}


def test_a_trading_day_a_year_ahead_waits_and_changes_nobody_elses_demand(world: Published) -> None:
    assert world.of_item("demand.variance", "n_days, demand_units_mean", "RF1") == [(10, 5.0)]
    assert world.rows("select reason_code from ops.quarantine where payload like '%2027-11-28%'") == [("business_day_far",)]
    assert world.one("select max(period_end_on) < date '2027-01-01' from kpi.values")


def test_goods_received_by_class_and_quantity_are_there(world: Published) -> None:
    assert world.on_hand("CQ1") == 6


def test_an_item_past_its_last_day_of_sale_is_not_ordered_and_why_says_so(world: Published) -> None:
    assert world.of_item("plan.reorder_proposals", "order_units", "EN1") == []
    [(why,)] = world.of_item("plan.reorder_points", "why", "EN1")
    assert "2026-11-28" in why


def test_one_count_of_days_late(world: Published) -> None:
    [(why,)] = world.of_item("plan.reorder_points", "why", "DL1")
    assert "20 days late" in why
    assert any("20 days" in what for (what,) in world.rows("select what from ops.alerts where alert_code = 'po_late'"))


def test_a_multiple_of_zero_is_none(world: Published) -> None:
    assert world.of_item("plan.reorder_proposals", "order_units", "MZ1") == [(21,)]
    assert world.of_item("plan.reorder_proposals", "order_units", "MZ2") == [(21,)]


def test_a_line_below_a_price_of_zero_stops_nothing(world: Published) -> None:
    orders = world.one(
        "select count(*) from ledger.events join core.dim_item using (item_id) where item_code = 'NP1' and event_kind = 'order_placed'"
    )
    aside = world.one("select count(*) from ops.quarantine where payload like '%\"n2\"%'")
    assert orders + aside == 3
    assert orders >= 2


def test_an_order_is_no_more_than_the_supplier_takes(world: Published) -> None:
    orders = world.of_item("plan.reorder_proposals", "order_units", "MX1")
    assert orders
    assert all(units <= 50 and units % 12 == 0 for (units,) in orders)


def test_a_cancellation_whose_reason_is_no_demand_is_none(world: Published) -> None:
    demand = dict(world.rows("""
        select item_code, sum(clean_units)::int from core.dim_item left join demand.daily using (item_id)
        where item_code like 'RC_' group by all"""))  # fmt: skip
    assert (demand["RC1"] or 0, demand["RC2"]) == (0, 4)


def test_goods_on_the_dock_are_in_the_position(world: Published) -> None:
    [(position, why)] = world.of_item("plan.reorder_points", "inventory_position_units, why", "GA1")
    assert position == 120
    assert "100" in why
    assert world.of_item("plan.reorder_proposals", "order_units", "GA1") == []
    assert world.of_item("plan.reorder_points", "inventory_position_units", "GA3") == [(120,)]


def test_the_running_day_is_no_day_of_demand(world: Published) -> None:
    assert world.of_item("demand.variance", "n_days, demand_units_mean", "RD1") == [(10, 5.0)]
    [(planned,)] = world.of_item("plan.safety_stock", "why", "RD1")
    assert "(5 a day;" in planned


def test_values_of_two_currencies_stand_apart(world: Published) -> None:
    told = dict(
        world.rows("""
        select currency_code, value from kpi.values join core.dim_location on split_part(grain_id, ':', 1) = location_id::varchar
        where kpi_code = 'stock_value_immobilised' and grain_kind = 'location' and location_code = 'D-CU' and period_kind = 'day'
        qualify row_number() over (partition by currency_code order by period_end_on desc) = 1""")
    )
    assert told == {"EUR": 30, "JPY": 1000}


def test_a_void_of_a_part_takes_back_a_part(world: Published) -> None:
    assert world.on_hand("VP1") == 18
    assert world.of_item("demand.daily", "clean_units", "VP1") == [(2,)]


def test_a_shipment_taken_back_on_another_day_stops_nothing(world: Published) -> None:
    assert world.on_hand("VS1") == 50
    days = world.of_item("stock.daily", "in_units, out_units, closing_units", "VS1", "and stock_on = date '2026-11-06'")
    assert days[0][2] == 50
    assert days[0][:2] in {(4, 0), (0, 0)}, days


@pytest.fixture(scope="module")
def tags(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return _run(tmp_path_factory.mktemp("tags"), ("epc-two-spellings",), "2026-03-09T00:00:00Z")


def test_one_tag_in_two_spellings_is_one_tag(tags: Published) -> None:
    assert tags.exit_code == 0
    rows = tags.rows("select missing_epcs, unexpected_epcs from stock.asn_reconciliation")
    assert rows
    assert all(not missing and not unexpected for missing, unexpected in rows), rows
    assert {value for (value,) in tags.rows("select value from kpi.values where kpi_code = 'rfid_accuracy' and value is not null")} == {1.0}


def test_the_same_bytes_for_two_entities_are_two_deliveries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    call(["ingest", "--home", str(home), "--from", str(CASES / "same-file-two-entities" / "landing")])
    capsys.readouterr()
    assert call(["rejects", "--home", str(home), "reference", "--json"]) == 0
    reasons = sorted(row["reason_code"] for row in json.loads(capsys.readouterr().out))
    assert reasons == ["not_whole", "quantity_negative"]


# --- files, looked at one by one ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "feed", "told"),
    [
        ("edi-files/x12.850.edi", "supply", "an X12 interchange (850)"),
        ("edi-files/edifact.ORDRSP.edi", "supply", "an EDIFACT interchange (ORDRSP)"),
        ("edi-files/tradacoms.order9.edi", "supply", "a TRADACOMS interchange"),
        ("epcis-bare-event-xml/ObjectEvent.xml", "rfid", "object_observe"),
        ("epcis-certification-reason/ObjectEvent_with_invalid_certificationInfo.json", "rfid", "a URI or a list of URIs"),
        ("epcis-ilmd-lot/GS1_US_Pharma_Example_2_2_1_1.xml", "rfid", "A123"),
        ("shopify-webhook-unnamed/carts_create.json", "marketplace", "Shopify cart"),
        ("shopify-webhook-unnamed/checkouts_create.json", "marketplace", "Shopify checkout"),
        ("shopify-webhook-unnamed/fulfillment_orders_moved.json", "marketplace", "Shopify fulfillment order"),
        ("shopify-webhook-unnamed/customers_redact.json", "marketplace", "Shopify"),
        ("woo-order/orders_00.json", "marketplace", "order_placed"),
        ("woo-order/orders_01.json", "marketplace", "order_placed"),
        ("woo-order/orders_02.json", "marketplace", "order_placed"),
        ("woo-order/order-refunds_00.json", "marketplace", "WooCommerce refund"),
        ("csv-no-final-newline/till.csv", "pos", "--last-line whole"),
        ("po-due-before-created/po.csv", "supply", "before the event itself"),
        ("pos-without-line-number/till.csv", "pos", "number_within"),
        ("shopify-inventory-level/level2.json", "wms", "gid://shopify/InventoryItem/"),
    ],
)
def test_a_file_is_read_or_refused_by_what_it_is(path: str, feed: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    call(["ingest", "--try", str(CASES / path), "--feed", feed])
    assert told in capsys.readouterr().out


def test_a_named_document_can_be_tried(capsys: pytest.CaptureFixture[str]) -> None:
    call(["ingest", "--try", str(CASES / "format-hint" / "orders_00.json"), "--feed", "marketplace", "--format", "shopify-orders"])
    said = capsys.readouterr()
    assert "cannot be read" not in said.out + said.err
    assert "refused" in said.out


@pytest.mark.parametrize(
    ("case", "before", "after", "told"),
    [
        ("excel-serial-date", 'format = "%Y-%m-%d"', 'format = ["%Y-%m-%d", "excel"]', "2020-05-09"),
        ("float-dust-quantity", 'quantity = "qty"', 'quantity = { column = "qty", round = 4 }', "50.0000"),
        (
            "pos-without-line-number",
            'document_line = { columns = ["sku", "qty"], join = "|" }',
            'document_line = { number_within = "document_id" }',
            "every line is one of its own",
        ),
    ],
)
def test_what_a_mapping_says_is_done(
    case: str, before: str, after: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = (CASES / case / "mapping.toml").read_text()
    assert before in mapping
    (tmp_path / "mapping.toml").write_text(mapping.replace(before, after))
    shutil.copy(CASES / case / "till.csv", tmp_path)
    call(["ingest", "--try", str(tmp_path / "till.csv"), "--feed", "pos"])
    said = capsys.readouterr().out
    assert told in said
    assert "would be refused 0" in said


def test_an_item_is_not_lost_for_the_fifth_decimal_of_its_cost(capsys: pytest.CaptureFixture[str]) -> None:
    call(["ingest", "--try", str(CASES / "item-lost-for-5-decimals" / "landing" / "reference" / "items.csv"), "--feed", "reference"])
    assert "28.7633" in capsys.readouterr().out


def test_ingest_says_what_the_owner_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    till = tmp_path / "landing" / "pos" / "till"
    till.mkdir(parents=True)
    for name in ("mapping.toml", "till.csv"):
        shutil.copy(CASES / "ingest-silent-about-set-aside" / name, till)
    assert call(["ingest", "--home", str(tmp_path / "home"), "--from", str(tmp_path / "landing"), "--strict"]) == 1
    said = capsys.readouterr().out
    assert "1 duplicate" in said
    assert "2 waiting" in said
    assert "parstock rejects" in said
