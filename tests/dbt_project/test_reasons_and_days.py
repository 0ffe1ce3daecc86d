"""What reasons say is no demand, to which day demand is measured, and what the position counts: small cases in one home, built twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.worlds.dbt_builds import NAMES, ask, build
from tests.worlds.small_ledger import SmallLedger, number

SHELF = "PAR/sellable_accessible"
SELECTED = ("--select", "+demand__variance", "+ops__alerts_now", "--exclude", "resource_type:test")
ORDER = {"channel": "web", "location": "PAR", "document_kind": "so"}
NOON = "2026-03-20T12:00:00+01:00"
"""The instant of the second build: the running day is the 20th."""


def _reason(ledger: SmallLedger, kind: str, code: str, is_demand: bool, **more: Any) -> None:
    row = {"event_kind": kind, "reason_code": code, "is_demand": is_demand, "known_at": "2026-03-01T00:00:00+00:00", "version_no": 1}
    ledger.add("reasons", **row | more)


def _orders(ledger: SmallLedger) -> None:
    cancelled = {
        "FRD": "declared no demand", "OOS": "declared demand", "XYZ": "not declared", "ALL": "declared for all kinds", "OWN": "own kind first",
        "AFTER": "only from the 5th on", "fraud": "no demand without a word", "NEW": "declared later",
    }  # fmt: skip
    for code in cancelled:
        ledger.event("order_placed", "2026-03-02T12:00:00+01:00", f"C-{code}", 4, document_id=code, **ORDER)
        ledger.event("order_cancelled", "2026-03-03T12:00:00+01:00", f"C-{code}", 4, reason_code=code, document_id=code, **ORDER)
    ledger.event("order_placed", "2026-03-06T12:00:00+01:00", "C-AFTER", 3, document_id="late", **ORDER)
    ledger.event("order_cancelled", "2026-03-06T13:00:00+01:00", "C-AFTER", 3, reason_code="AFTER", document_id="late", **ORDER)
    ledger.event("order_placed", "2026-03-02T12:00:00+01:00", "C-TEST", 5, reason_code="TEST", document_id="test", **ORDER)
    ledger.sale("2026-03-02T12:00:00+01:00", "C-STAFF", 2, "PAR", reason="STAFF")
    ledger.sale("2026-03-02T12:00:00+01:00", "C-STAFF", 1, "PAR")
    # sold to staff and taken back, for a reason of its own: neither is demand
    ledger.reverse(ledger.sale("2026-03-02T13:00:00+01:00", "C-STAFF", 7, "PAR", reason="STAFF"), reason="MISTAKE")
    for kind, code, is_demand in (
        ("order_cancelled", "FRD", False), ("order_cancelled", "OOS", True), ("*", "ALL", False), ("*", "OWN", False),
        ("order_cancelled", "OWN", True), ("order_placed", "TEST", False), ("*", "STAFF", False), ("adjust", "XYZ", False),
    ):  # fmt: skip
        _reason(ledger, kind, code, is_demand)
    _reason(ledger, "order_cancelled", "AFTER", False, valid_from="2026-03-05T00:00:00+00:00")


def _days(ledger: SmallLedger) -> None:
    # opened in the evening of the 9th, 5 a day from the 10th to the 20th
    ledger.move("opening", "2026-03-09T20:00:00+01:00", "STEADY", 100, "OPENING", SHELF)
    # opened in the evening, and sold that evening: the day counts
    ledger.move("opening", "2026-03-09T20:00:00+01:00", "AT-ONCE", 100, "OPENING", SHELF)
    ledger.sale("2026-03-09T21:00:00+01:00", "AT-ONCE", 3, "PAR")
    for day in range(10, 19):
        ledger.sale(f"2026-03-{day}T15:00:00+01:00", "STEADY", 5, "PAR")


def _places(ledger: SmallLedger) -> None:
    ledger.move("opening", "2026-03-01T01:00:00+01:00", "DOCK", 20, "OPENING", SHELF)
    ledger.move("receipt", "2026-03-02T09:00:00+01:00", "DOCK", 100, "SUPPLIER", "PAR/in_progress")
    ledger.move("qc_hold", "2026-03-02T10:00:00+01:00", "DOCK", 30, "PAR/in_progress", "PAR/non_sellable_other")
    ledger.sale("2026-03-02T15:00:00+01:00", "BELOW", 5, "PAR")
    ledger.item("WRAP", item_kind="service")
    ledger.event("order_placed", "2026-03-02T12:00:00+01:00", "WRAP", 1, document_id="wrap", **ORDER)
    po = {"document_kind": "po", "document_id": "PO-1", "document_line": "1", "promised_at": "2026-02-28T12:00:00+01:00"}
    ledger.event("po_created", "2026-02-20T09:00:00+01:00", "DOCK", 20, feed="supply", supplier="S", location="PAR", **po)
    ledger.add("plan_runs", run_id="R", as_of_on="2026-03-20", as_of_at=NOON, planned_at=NOON, marts_commit_id=1)
    for item, decision, position in (("DOCK", "already_ordered", 90), ("GONE", "ended", 0)):
        ledger.add("plan_items", run_id="R", item_id=number(item), location_id=number("PAR"), method="simple", service_target_rate="0.95",
                   reorder_point_units=40, inventory_position_units=position, decision=decision, excluded_supply_units=20, why="test")  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> SmallLedger:
    """Built, then built again after a reason and a day of sales more, for an instant at noon of the 20th."""
    ledger = SmallLedger(tmp_path_factory.mktemp("reasons"))
    ledger.location("PAR")
    ledger.channel("web")
    ledger.supplier("S")
    for item in ("STEADY", "AT-ONCE", "DOCK", "BELOW", "GONE", "C-STAFF", "C-TEST"):
        ledger.item(item)
    for code in ("FRD", "OOS", "XYZ", "ALL", "OWN", "AFTER", "fraud", "NEW"):
        ledger.item(f"C-{code}")
    for tell in (_orders, _days, _places):
        tell(ledger)
    ledger.commit()
    assert build(ledger.home, *SELECTED) == []
    assert demand_of(ledger, "C-NEW") == 4
    assert days_of(ledger, "demand.variance", "STEADY") == (8, 5.0, "2026-03-17")  # the newest news is of the 18th, which still runs
    _reason(ledger, "order_cancelled", "NEW", False)
    for day in (19, 20):
        ledger.sale(f"2026-03-{day}T11:00:00+01:00", "STEADY", 5, "PAR")
    ledger.commit()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PARSTOCK_BUILD_AS_OF", NOON)
        assert build(ledger.home, *SELECTED) == []
    return ledger


def demand_of(ledger: SmallLedger, item: str) -> int | None:
    """Units asked for in all; null where there is no day of demand."""
    [(units,)] = ask(ledger.home, f"select cast(sum(gross_units) as bigint) from demand.daily {NAMES} where item_code = ?", item)
    return None if units is None else int(units)


def days_of(ledger: SmallLedger, relation: str, item: str) -> tuple[int, float, str]:
    """Whole days, mean a day, and the last day."""
    [row] = ask(
        ledger.home,
        f"select n_days, cast(demand_units_mean as double), cast(last_observed_on as varchar) from {relation} {NAMES} where item_code = ?",
        item,
    )
    return row[0], row[1], row[2]


@pytest.mark.parametrize(
    ("item", "units"),
    [
        ("C-FRD", None),
        ("C-OOS", 4),
        ("C-XYZ", 4),
        ("C-ALL", None),
        ("C-OWN", 4),
        ("C-fraud", None),
        ("C-AFTER", 4),
        ("C-TEST", None),
        ("C-STAFF", 1),
    ],
)
def test_a_reason_decides_what_is_demand(ledger: SmallLedger, item: str, units: int | None) -> None:
    assert demand_of(ledger, item) == units


def test_a_reason_that_is_declared_later_takes_demand_back(ledger: SmallLedger) -> None:
    assert not demand_of(ledger, "C-NEW")


def test_demand_is_measured_over_whole_days_to_the_day_before_the_instant_of_the_build(ledger: SmallLedger) -> None:
    assert days_of(ledger, "demand.variance", "STEADY") == (10, 5.0, "2026-03-19")
    assert days_of(ledger, "demand.variance", "AT-ONCE") == (11, pytest.approx(3 / 11, abs=1e-6), "2026-03-19")


@pytest.mark.parametrize("item", ["STEADY", "AT-ONCE", "DOCK", "C-XYZ"])
def test_a_build_and_planning_measure_demand_alike(ledger: SmallLedger, item: str) -> None:
    columns = "n_days, n_valid_days, demand_units_mean, demand_units_sd, cv2, adi, demand_class, gross_units, last_observed_on"
    query = f"select {columns} from {{}} {NAMES} where item_code = ?"
    assert ask(ledger.home, query.format("demand.variance"), item) == ask(
        ledger.home, query.format(f"demand.variance_as_of('{NOON}')"), item
    )


def test_the_position_has_what_waits_for_putaway_but_neither_holds_nor_books_below_zero(ledger: SmallLedger) -> None:
    columns = "sellable_units, awaiting_putaway_units, below_zero_units"
    query = f"select {columns} from plan.position_as_of('{NOON}') {NAMES} where item_code = ?"
    assert ask(ledger.home, query, "DOCK") == [(20, 70, 0)]
    assert ask(ledger.home, query, "BELOW") == [(0, 0, 5)]


def test_alerts_count_what_waits_for_putaway_and_pass_over_services_and_what_is_given_up(ledger: SmallLedger) -> None:
    rows = ask(ledger.home, "select item_code, alert_code, severity, what from ops.alerts_now join core.dim_item using (item_id)")
    of = {(item, code): (severity, what) for item, code, severity, what in rows}
    severity, what = of["DOCK", "stock_below_rop"]
    assert severity == "info"
    assert "70 units received and not put away, position 90" in what
    assert not {item for item, _ in of} & {"WRAP", "GONE"}


def test_an_order_is_as_many_days_late_as_in_the_plan(ledger: SmallLedger) -> None:
    [(what,)] = ask(ledger.home, "select what from ops.alerts_now where alert_code = 'po_late'")
    late = (dt.date(2026, 3, 20) - dt.date(2026, 2, 28)).days
    assert f"is late by {late} days" in what
