"""What single marts say of small cases, each with its own item in one home that is built once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.dbt_builds import NAMES, ask, build
from tests.worlds.small_ledger import SmallLedger, number

SHELF = "PAR/sellable_accessible"


def _stock_cases(ledger: SmallLedger) -> None:
    # clocks go forward in Paris on 29 March: that day has 23 hours
    ledger.move("opening", "2026-03-27T08:00:00+01:00", "SPRING", 2, "OPENING", SHELF)
    ledger.sale("2026-03-28T12:00:00+01:00", "SPRING", 2, "PAR")
    ledger.move("receipt", "2026-03-29T12:00:00+02:00", "SPRING", 1, "SUPPLIER", "PAR/in_progress")
    # sold out on the second day at noon, back on the fourth at 03:00; the fourth is too short to be censored
    ledger.move("opening", "2026-03-01T01:00:00+01:00", "RUNOUT", 5, "OPENING", SHELF)
    ledger.sale("2026-03-01T15:00:00+01:00", "RUNOUT", 1, "PAR")
    ledger.sale("2026-03-02T12:00:00+01:00", "RUNOUT", 4, "PAR")
    ledger.move("transfer_receive", "2026-03-04T03:00:00+01:00", "RUNOUT", 3, "TRANSIT", SHELF)
    ledger.sale("2026-03-04T16:00:00+01:00", "RUNOUT", 2, "PAR")
    # never in the books, yet it sells: no stockout is known
    for day in (3, 4, 5, 6):
        ledger.sale(f"2026-03-{day:02d}T12:00:00+01:00", "UNBOOKED", 2 * day + 2, "PAR")
    # 100 on 1 January, -30 on the 5th, and a late -80 dated the 3rd, known on the 10th
    ledger.move("opening", "2026-01-01T12:00:00+00:00", "LATE", 100, "OPENING", SHELF)
    ledger.move("adjust", "2026-01-05T12:00:00+00:00", "LATE", 30, SHELF, "ADJUSTMENT")
    ledger.move("adjust", "2026-01-03T12:00:00+00:00", "LATE", 80, SHELF, "ADJUSTMENT", known_at="2026-01-10T12:00:00+00:00")


def _demand_cases(ledger: SmallLedger) -> None:
    ledger.move("opening", "2026-03-01T01:00:00+01:00", "SWAP", 9, "OPENING", SHELF)
    swap = {"document_id": "T-SWAP", "document_kind": "ticket"}
    ledger.sale("2026-03-02T12:00:00+01:00", "SWAP", 1, "PAR", **swap)
    ledger.move("exchange", "2026-03-02T12:00:00+01:00", "SWAP", 1, "CUSTOMER", "PAR/returned", **swap)
    ledger.sale("2026-03-02T13:00:00+01:00", "SWAP", 2, "PAR", is_promo=True, unit_price_amount="3.10", currency_code="EUR")
    order = {"channel": "web", "location": "PAR", "document_kind": "so"}
    ledger.move("opening", "2026-03-01T01:00:00+01:00", "ORDERED", 50, "OPENING", SHELF)
    ledger.event("order_placed", "2026-03-03T12:00:00+01:00", "ORDERED", 10, document_id="A", **order)
    ledger.event("order_line_changed", "2026-03-04T12:00:00+01:00", "ORDERED", 8, document_id="A", **order)
    ledger.event("order_cancelled", "2026-03-05T12:00:00+01:00", "ORDERED", 3, reason_code="stock", document_id="A", **order)
    ledger.event("order_placed", "2026-03-03T12:00:00+01:00", "ORDERED", 6, document_id="B", **order)
    ledger.event("order_cancelled", "2026-03-04T12:00:00+01:00", "ORDERED", 6, reason_code="fraud", document_id="B", **order)
    # shipped 2 by the warehouse, 4 by what the channel says: 4
    ledger.move(
        "ship", "2026-03-06T12:00:00+01:00", "ORDERED", 2, SHELF, "CUSTOMER", document_kind="so", document_id="A", document_line="1"
    )
    ledger.event("order_shipped", "2026-03-06T12:00:00+01:00", "ORDERED", 4, document_id="A", **order)
    ledger.event(
        "preorder_accepted", "2026-03-06T13:00:00+01:00", "ORDERED", 7, document_id="C", promised_at="2026-04-01T12:00:00+02:00", **order
    )


def _supply_cases(ledger: SmallLedger) -> None:
    for number_, ordered, received in ((1, "2026-03-01", "2026-03-05"), (2, "2026-03-02", "2026-03-08"), (3, "2026-03-09", "2026-03-07")):
        po = {"document_kind": "po", "document_id": f"PO-{number_}", "document_line": "1"}
        ledger.event("po_created", f"{ordered}T09:00:00+01:00", "BOUGHT", 20, feed="supply", supplier="S", location="PAR", **po)
        ledger.move("receipt", f"{received}T23:30:00+01:00", "BOUGHT", 12, "SUPPLIER", "PAR/in_progress", **po)
    ledger.event(
        "po_changed",
        "2026-03-03T09:00:00+01:00",
        "BOUGHT",
        30,
        feed="supply",
        supplier="S",
        location="PAR",
        document_kind="po",
        document_id="PO-2",
    )
    ledger.event(
        "po_cancelled",
        "2026-03-04T09:00:00+01:00",
        "BOUGHT",
        5,
        feed="supply",
        supplier="S",
        location="PAR",
        document_kind="po",
        document_id="PO-2",
    )
    # a receipt posted again, because a notice came later: one receipt all the same
    asn = {"document_kind": "asn", "document_id": "N-1", "document_line": "1"}
    ref = {"ref_document_kind": "po", "ref_document_id": "PO-4", "ref_document_line": "1"}
    ledger.event(
        "po_created",
        "2026-03-01T09:00:00+01:00",
        "AGAIN",
        5,
        feed="supply",
        supplier="S",
        location="PAR",
        document_kind="po",
        document_id="PO-4",
    )
    first = ledger.move(
        "receipt",
        "2026-03-04T09:00:00+01:00",
        "AGAIN",
        5,
        "SUPPLIER",
        "PAR/in_progress",
        document_kind="po",
        document_id="PO-4",
        document_line="1",
    )
    ledger.event("asn", "2026-03-03T09:00:00+01:00", "AGAIN", 5, feed="supply", supplier="S", location="PAR", **asn, **ref)
    ledger.move("asn", "2026-03-03T09:00:00+01:00", "AGAIN", 5, "SUPPLIER", "TRANSIT", transit_to_location_id=number("PAR"), **asn, **ref)
    ledger.reverse(first)
    ledger.move("receipt", "2026-03-04T09:00:00+01:00", "AGAIN", 5, "TRANSIT", "PAR/in_progress", event_id=first["event_id"], **asn, **ref)


def _plans(ledger: SmallLedger) -> None:
    for run, day in (("R1", 5), ("R2", 6)):
        ledger.add(
            "plan_runs",
            run_id=run,
            as_of_on=f"2026-03-{day:02d}",
            as_of_at=f"2026-03-{day:02d}T20:00:00+01:00",
            planned_at=f"2026-03-{day:02d}T20:00:00+01:00",
            marts_commit_id=1,
        )
        ledger.add("plan_items", run_id=run, item_id=number("BOUGHT"), location_id=number("PAR"), method="simple", service_target_rate="0.95",
                   safety_stock_units=0, reorder_point_units=None, inventory_position_units=day, why="no demand yet")  # fmt: skip
        ledger.add("plan_proposals", run_id=run, proposal_id=f"{run}-1", as_of_on=f"2026-03-{day:02d}", item_id=number("BOUGHT"), location_id=number("PAR"),
                   supplier_id=number("S"), order_units=12, status="proposed", why="test")  # fmt: skip


def _deliveries(ledger: SmallLedger) -> None:
    first = {"delivery_id": "d1", "feed": "pos", "source_uri": "pos/a.jsonl", "first_known_at": "2026-03-02T08:00:00+01:00"}
    ledger.add("deliveries", rows_in=3, accepted=1, duplicate=0, corrected=0, quarantined=2, **first)
    ledger.add(
        "deliveries", rows_in=0, accepted=1, duplicate=0, corrected=0, quarantined=-1, applied_at="2026-03-03T08:00:00+01:00", **first
    )
    for line, signs in ((4, (1, -1)), (9, (1,))):
        for sign in signs:
            ledger.add("quarantine", delivery_id="d1", feed="pos", line_no=line, reason_code="unknown_item", reason="LAMP is not known", payload="{}",
                       is_waiting=True, known_at="2026-03-02T08:00:00+01:00", sign=sign)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("marts")
    ledger = SmallLedger(home)
    for item in ("SPRING", "RUNOUT", "UNBOOKED", "LATE", "SWAP", "ORDERED", "BOUGHT", "AGAIN"):
        ledger.item(item, unit_cost_amount="1.00")
    ledger.location("PAR")
    ledger.location("DC1", location_kind="dc")
    ledger.channel("web")
    ledger.supplier("S")
    ledger.add(
        "items",
        item_id=number("SWAP"),
        item_code="SWAP",
        item_name="Swapped",
        item_kind="stock",
        known_at="2026-02-01T00:00:00+00:00",
        version_no=2,
    )
    ledger.terms("S", "BOUGHT", lead_time_days=9, moq_units=10)
    ledger.terms(
        "S",
        "BOUGHT",
        lead_time_days=4,
        moq_units=10,
        version_no=2,
        valid_from="2026-03-10T00:00:00+00:00",
        known_at="2026-03-01T00:00:00+00:00",
    )
    for tell in (_stock_cases, _demand_cases, _supply_cases, _plans, _deliveries):
        tell(ledger)
    ledger.commit()
    assert build(home) == []
    return home


def _of(home: Path, columns: str, table: str, item: str, order: str = "all") -> list[tuple[Any, ...]]:
    return [tuple(float(cell) if type(cell).__name__ == "Decimal" else cell for cell in row)
            for row in ask(home, f"select {columns} from {table} {NAMES} where item_code = ? order by {order}", item)]  # fmt: skip


def test_a_day_on_which_the_clocks_change_has_its_own_hours(home: Path) -> None:
    assert _of(home, "stock_on, out_of_stock_hours", "stock.daily", "SPRING") == [
        (dt.date(2026, 3, 27), 8.0), (dt.date(2026, 3, 28), 12.0), (dt.date(2026, 3, 29), 23.0)]  # fmt: skip


def test_hours_count_while_nothing_is_sellable(home: Path) -> None:
    rows = _of(home, "stock_on, closing_units, out_of_stock_hours, is_filled", "stock.daily_filled", "RUNOUT")
    assert rows[:5] == [
        (dt.date(2026, 3, 1), 4, 1.0, False), (dt.date(2026, 3, 2), 0, 12.0, False), (dt.date(2026, 3, 3), 0, 24.0, True),
        (dt.date(2026, 3, 4), 1, 3.0, False), (dt.date(2026, 3, 5), 1, 0.0, True)]  # fmt: skip


def test_demand_of_a_day_out_of_stock_is_unknown_not_zero(home: Path) -> None:
    assert _of(home, "demand_on, gross_units, clean_units, is_censored", "demand.daily", "RUNOUT") == [
        (dt.date(2026, 3, 1), 1, 1, False), (dt.date(2026, 3, 2), 4, None, True), (dt.date(2026, 3, 3), 0, None, True), (dt.date(2026, 3, 4), 2, 2, False)]  # fmt: skip


def test_censored_days_are_left_out_of_the_statistics(home: Path) -> None:
    ((n_days, n_valid_days, mean),) = _of(home, "n_days, n_valid_days, demand_units_mean", "demand.variance", "RUNOUT")
    assert (n_days, n_valid_days) == (28, 26)  # 1 to 28 March, the last whole day before the newest news, less the 2nd and the 3rd
    assert mean == pytest.approx(3 / 26, abs=1e-6)


def test_books_that_never_held_an_item_do_not_censor_its_sales(home: Path) -> None:
    assert [row[0] for row in _of(home, "is_censored", "demand.daily", "UNBOOKED")] == [False] * 4


def test_at_06_the_deviation_of_8_10_12_14_is_over_n_minus_1(home: Path) -> None:
    at = "demand.variance_as_of('2026-03-07T00:00:00+01:00')"
    assert _of(home, "n_valid_days, demand_units_mean, demand_units_sd", at, "UNBOOKED") == [(4, 11.0, 2.581989)]  # 8, 10, 12, 14


@pytest.mark.parametrize(("known", "units"), [("2026-01-06T23:59:00Z", 70), ("2026-01-11T00:00:00Z", -10)])
def test_at_21_stock_of_a_day_as_known_on_another(home: Path, known: str, units: int) -> None:
    rows = ask(home, f"select on_hand_units from core.on_hand_as_known('2026-01-06T23:59:00Z', ?) {NAMES} where item_code = 'LATE'", known)
    assert rows == [(units,)]


def test_at_21_every_leg_has_its_other_end(home: Path) -> None:
    assert ask(home, "select cast(sum(delta_units) as bigint) from core.fct_movements group by item_id having sum(delta_units) <> 0") == []


def test_new_goods_of_an_exchange_are_no_fresh_demand(home: Path) -> None:
    columns = "gross_units, exchange_units, clean_units, promo_units, is_promo, gross_amount"
    assert _of(home, columns, "demand.daily", "SWAP") == [(3, 1, 2, 2, True, None)]  # the first sale has no price: the amount is unknown


def test_an_order_is_demand_as_it_was_changed_and_without_fraud(home: Path) -> None:
    assert _of(home, "demand_on, gross_units, lost_units_observed", "demand.daily", "ORDERED") == [(dt.date(2026, 3, 3), 8, 3)]


def test_an_order_reserves_what_is_neither_cancelled_nor_shipped(home: Path) -> None:
    rows = ask(
        home, f"select reserved_units, backorder_units from plan.position_as_of('2026-03-31T00:00:00Z') {NAMES} where item_code = 'ORDERED'"
    )
    assert rows == [(1, 7)]  # 8 - 3 - 4 of A, nothing of B; the preorder stands beside
    rows = ask(
        home,
        """
        select reserved_units, backorder_units, ats_units from availability.by_channel
        join core.dim_item using (item_id) join core.dim_channel using (channel_id)
        where item_code = 'ORDERED' and channel_code = 'web'""",
    )
    assert rows == [(8, 7, 40)]


def test_a_channel_without_a_network_is_served_by_every_physical_place(home: Path) -> None:
    rows = ask(home, "select distinct location_code from core.channel_locations where channel_code = 'web' order by all")
    assert rows == [("DC1",), ("PAR",)]


def test_a_lead_time_is_counted_per_receipt_and_never_negative(home: Path) -> None:
    columns = "n_receipts, lead_time_days_mean, lead_time_days_sd, lead_time_days_p50, lead_time_days_p90"
    assert _of(home, columns, "plan.lead_times", "BOUGHT") == [
        (2, 5.0, 1.414214, 5.0, 5.8)
    ]  # 4 and 6 days; the third came before its order
    assert _of(home, "n_receipts, lead_time_days_mean", "plan.lead_times_as_of('2026-03-06T00:00:00Z')", "BOUGHT") == [(1, 4.0)]


def test_a_receipt_that_is_posted_again_counts_once(home: Path) -> None:
    assert _of(home, "n_receipts, lead_time_days_mean", "plan.lead_times", "AGAIN") == [(1, 3.0)]


def test_an_order_line_is_open_by_its_latest_statement(home: Path) -> None:
    rows = ask(
        home,
        f"select document_id, open_units from plan.open_supply_as_of('2026-03-31T00:00:00Z') {NAMES} where item_code in ('BOUGHT', 'AGAIN') order by all",
    )
    assert rows == [("PO-1", 8), ("PO-2", 13), ("PO-3", 8)]  # 20 - 12, 30 - 5 - 12, 20 - 12


def test_terms_hold_from_their_day(home: Path) -> None:
    query = "select lead_time_days from plan.terms_as_of(?)"
    assert ask(home, query, "2026-03-09T00:00:00Z") + ask(home, query, "2026-03-10T00:00:00Z") == [(9,), (4,)]


def test_a_dimension_has_the_version_that_holds_now(home: Path) -> None:
    assert ask(home, "select item_name from core.dim_item where item_code = 'SWAP'") == [("Swapped",)]


def test_the_latest_run_is_the_plan_and_all_runs_keep_their_proposals(home: Path) -> None:
    assert ask(home, "select run_id, inventory_position_units, reorder_point_units, is_at_reorder_point from plan.reorder_points") == [
        ("R2", 6, None, None)
    ]
    assert ask(home, "select run_id, is_latest_run from plan.reorder_proposals order by all") == [("R1", False), ("R2", True)]


def test_delivery_counts_are_additions_and_a_released_row_is_gone(home: Path) -> None:
    counts = ask(home, "select rows_in, accepted, duplicate, corrected, quarantined, applied_at is null from ops.deliveries")
    assert counts == [(3, 2, 0, 0, 1, False)]
    assert ask(home, "select line_no, reason_code from ops.quarantine") == [(9, "unknown_item")]
