"""Acceptance cases of planning, by number: exact figures, at the level of formula and policy."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.planning import demand, order_quantity, reorder_point, safety_stock, service_level
from pipelines.planning.inputs import Inputs
from pipelines.planning.policy import plan
from pipelines.planning.rules import Policy

AS_OF_ON = date(2026, 3, 8)


def value(expression: pl.Expr) -> float:
    """The figure that an expression over literals gives."""
    return pl.select(expression).item()


def one_item(mean: float | None, sd: float | None, on_hand: int, lead_time_days: int = 5, supply: pl.DataFrame | None = None) -> Inputs:
    """An item at one location, on terms of one supplier."""
    key = {"item_id": [1], "location_id": [1]}
    return Inputs.from_frames(
        demand=pl.DataFrame(
            {**key, "demand_units_mean": [mean], "demand_units_sd": [sd], "demand_class": ["smooth"], "n_valid_days": [100]}
        ),
        position=pl.DataFrame({**key, "sellable_units": [on_hand], "reserved_units": [0], "backorder_units": [0]}),
        terms=pl.DataFrame(
            {
                "supplier_id": [9],
                "item_id": [1],
                "lead_time_days": [lead_time_days],
                "unit_cost_amount": [Decimal(10)],
                "currency_code": ["EUR"],
                "order_cost_amount": [Decimal(50)],
            }
        ),
        suppliers=pl.DataFrame({"supplier_id": [9], "supplier_code": ["S-CUP"]}),
        **({} if supply is None else {"supply": supply}),
    )


def test_at_01_a_position_at_the_reorder_point_triggers_and_one_above_does_not() -> None:
    point = reorder_point.reorder_point_units(demand.lead_time_demand_units(pl.lit(100.0), pl.lit(5.0)), pl.lit(300.0))
    assert value(point) == 800
    assert value(reorder_point.is_reached(pl.lit(800), point)) is True
    assert value(reorder_point.is_reached(pl.lit(801), point)) is False


def test_at_02_the_economic_quantity_and_its_packed_neighbour_cost_the_same_to_the_cent() -> None:
    yearly, order_cost, holding = pl.lit(10_000), pl.lit(50), pl.lit(2)
    eoq = order_quantity.economic_order_units(yearly, order_cost, holding)
    assert value(eoq) == pytest.approx(707.1068, abs=1e-4)
    assert value(order_quantity.yearly_cost_amount(eoq, yearly, order_cost, holding)) == pytest.approx(1414.21, abs=0.005)
    assert value(yearly / eoq) == pytest.approx(14.14, abs=0.005)
    assert value(eoq / 10_000 * 365) == pytest.approx(25.8, abs=0.05)
    packed = order_quantity.order_units(pl.lit(1), eoq, eoq, pl.lit(1), pl.lit(12))
    assert value(packed) == 708
    assert value(order_quantity.yearly_cost_amount(packed, yearly, order_cost, holding)) == pytest.approx(1414.21, abs=0.005)


@pytest.mark.parametrize(("on_hand", "is_ordered"), [(50, True), (51, False)])
def test_at_03_the_simple_point_of_ten_a_day_over_five_days_is_fifty(on_hand: int, is_ordered: bool) -> None:
    planned = plan(one_item(10.0, 3.0, on_hand), Policy(method="simple"), AS_OF_ON)
    assert planned.items["reorder_point_units"].item() == 50
    assert planned.items["safety_stock_units"].item() == 0
    assert (planned.proposals.height == 1) is is_ordered


def test_at_04_ninety_five_percent_of_cycles_over_a_mean_of_100_and_a_deviation_of_20() -> None:
    def point(z: pl.Expr) -> float:
        return value(reorder_point.reorder_point_units(pl.lit(100.0), safety_stock.from_spread(z, pl.lit(20.0))))

    assert point(pl.lit(1.645)) == pytest.approx(132.9, abs=1e-9)
    assert point(service_level.service_factor(pl.lit(0.95))) == pytest.approx(132.897, abs=5e-4)
    assert point(service_level.service_factor(pl.lit(0.99))) == pytest.approx(146.53, abs=5e-3)


def test_at_05_a_point_of_120_is_84_percent_and_never_the_answer_to_95() -> None:
    assert value(service_level.cycle_service_rate((pl.lit(120.0) - 100) / 20)) == pytest.approx(0.8413, abs=5e-5)
    planned = plan(one_item(20.0, 20 / 5**0.5, 200), Policy(service_target_rate=0.95), AS_OF_ON)
    assert planned.items["lead_time_demand_units"].item() == 100
    assert planned.items["reorder_point_units"].item() == pytest.approx(132.897, abs=5e-4)


def test_at_08_the_simple_threshold_runs_ten_units_short_when_demand_grows_by_a_fifth() -> None:
    threshold = value(demand.lead_time_demand_units(pl.lit(10.0), pl.lit(5)))
    asked = value(demand.lead_time_demand_units(pl.lit(10.0 * 1.2), pl.lit(5)))
    assert (threshold, asked) == (50, 60)
    stock = threshold
    for _day in range(5):
        stock -= 12
    assert stock == -10


def test_at_13_lead_time_variance_is_most_of_the_safety_stock() -> None:
    z, daily, sd, days = pl.lit(1.65), pl.lit(100.0), pl.lit(20.0), pl.lit(48.0)
    assert value(safety_stock.safety_stock_units(z, daily, sd, days, pl.lit(12.0))) == pytest.approx(1993.2, abs=0.05)
    certain = value(safety_stock.safety_stock_units(z, daily, sd, days, pl.lit(0.0)))
    assert certain == pytest.approx(1.65 * 20 * 48**0.5)
    assert certain == pytest.approx(229, abs=0.5)


@pytest.mark.parametrize(("expected_on", "decision"), [(date(2026, 3, 12), "already_ordered"), (date(2026, 5, 1), "order")])
def test_at_34_what_an_order_inside_the_lead_time_covers_is_not_ordered_again(expected_on: date, decision: str) -> None:
    supply = pl.DataFrame(
        {
            "item_id": [1],
            "location_id": [1],
            "supply_kind": ["po"],
            "document_id": ["PO-8"],
            "open_units": [200],
            "promised_on": [expected_on],
        }
    )
    planned = plan(one_item(20.0, 5.0, 60, supply=supply), Policy(), AS_OF_ON)
    row = planned.items.row(0, named=True)
    assert row["decision"] == decision
    assert planned.proposals.height == (decision == "order")
    assert row["on_order_units"] + row["excluded_supply_units"] == 200
    text = (
        "Already ordered: 200 units of po PO-8 expected 2026-03-12"
        if decision == "already_ordered"
        else "Not counted: 200 units of po PO-8"
    )
    assert text in row["why"]


def test_at_35_an_item_nobody_asks_for_is_not_ordered() -> None:
    planned = plan(one_item(0.0, 0.0, 0), Policy(), AS_OF_ON)
    row = planned.items.row(0, named=True)
    assert (row["reorder_point_units"], row["inventory_position_units"]) == (0, 0)
    assert planned.proposals.is_empty()
    assert "No demand, and nothing promised" in row["why"]


@pytest.mark.parametrize(("order_units", "rate"), [(707, 0.9994), (100, 0.9958), (20, 0.9791)])
def test_at_24_the_fill_rate_is_above_the_cycle_service_rate_and_grows_with_the_order(order_units: int, rate: float) -> None:
    assert value(service_level.fill_rate(pl.lit(1.645), pl.lit(20.0), pl.lit(order_units))) == pytest.approx(rate, abs=5e-5)
