"""What suppliers take and when: maximum, first choice, order days and closed days; and what the position counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from pipelines.planning.policy import Plan

PlanOf = Callable[..., Plan]
HERE = {"item_id": 1, "location_id": 1}
STEADY = {**HERE, "demand_units_mean": 20.0, "demand_units_sd": 5.0, "demand_class": "smooth", "n_valid_days": 90}
TERMS = {"supplier_id": 9, "item_id": 1, "lead_time_days": 5, "unit_cost_amount": "3.50", "currency_code": "EUR", "order_cost_amount": "25"}


def only(planned: Plan) -> dict[str, Any]:
    """The one item of a plan, as a row."""
    return planned.items.row(0, named=True)


@pytest.mark.parametrize(
    ("terms", "order", "left", "reason"),
    [
        ({"max_units": 50, "multiple_units": 12}, 48, 672, "economic+multiple+max"),
        ({"max_units": 50}, 50, 673, "economic+max"),
        ({"max_units": 50, "multiple_units": 12, "moq_units": 60}, 60, 660, "economic+multiple+over_max"),
        ({"max_units": 5, "multiple_units": 12}, 12, 708, "economic+multiple+over_max"),
        ({"max_units": 5000}, 723, 0, "economic"),
        ({"max_units": 0}, 723, 0, "economic"),
        ({"multiple_units": 0, "moq_units": 0}, 723, 0, "economic"),
    ],
)
def test_an_order_keeps_to_the_suppliers_maximum_and_says_what_is_left(
    plan_of: PlanOf, terms: dict[str, Any], order: int, left: int, reason: str
) -> None:
    planned = plan_of(demand=[STEADY], position=[{**HERE, "sellable_units": 11}], terms=[{**TERMS, "unit_cost_amount": "3.49", **terms}])
    assert planned.proposals.select("order_units", "left_units", "rounding_reason").row(0) == (order, left, reason)


def test_the_reason_names_the_maximum_and_what_is_left(plan_of: PlanOf) -> None:
    why = plan_of(demand=[STEADY], terms=[{**TERMS, "max_units": 50, "multiple_units": 12}]).proposals["why"].item()
    assert "order 48 units" in why
    assert "at most 50 in one order: 672 more are left for further orders" in why
    over = plan_of(demand=[STEADY], terms=[{**TERMS, "max_units": 5, "multiple_units": 12}]).proposals["why"].item()
    assert "above the supplier's maximum of 5, which minimum and multiple do not allow" in over


def test_the_first_choice_goes_before_the_cheapest_and_terms_without_a_priority_come_last(plan_of: PlanOf) -> None:
    dear = {**TERMS, "supplier_id": 8, "unit_cost_amount": "9.00"}
    assert only(plan_of(demand=[STEADY], terms=[{**TERMS, "priority": 2}, {**dear, "priority": 1}]))["supplier_id"] == 8
    assert only(plan_of(demand=[STEADY], terms=[TERMS, {**dear, "priority": 5}]))["supplier_id"] == 8
    assert only(plan_of(demand=[STEADY], terms=[{**TERMS, "priority": 1}, {**dear, "priority": 1}]))["supplier_id"] == 9


def days_of(planned: Plan) -> tuple[date, date]:
    """When the one order is to be placed, and when it comes."""
    order_by_on, eta_on = planned.proposals.select("order_by_on", "eta_on").row(0)
    return order_by_on, eta_on


# 8 March 2026 is a Sunday; the lead time is 5 days
@pytest.mark.parametrize(
    ("supplier", "place", "closed", "days"),
    [
        ({}, {}, [], (date(2026, 3, 8), date(2026, 3, 13))),
        ({"order_days": "Mo,We,Fr"}, {}, [], (date(2026, 3, 9), date(2026, 3, 14))),
        ({"order_days": "Tu-Th", "calendar_code": "S"}, {}, [("S", 10, 10)], (date(2026, 3, 11), date(2026, 3, 16))),
        ({"location_id": 1, "order_days": "Fr"}, {}, [], (date(2026, 3, 13), date(2026, 3, 18))),
        ({"location_id": 2, "order_days": "Fr"}, {}, [], (date(2026, 3, 8), date(2026, 3, 13))),
        ({}, {"calendar_code": "P"}, [("P", 13, 14), ("other", 15, 15)], (date(2026, 3, 8), date(2026, 3, 15))),
        ({}, {"opening_hours": "Mo-Th 09:00-12:00"}, [], (date(2026, 3, 8), date(2026, 3, 16))),
        ({}, {"opening_hours": "Mo-Fr off"}, [], (date(2026, 3, 8), date(2026, 3, 13))),
    ],
)
def test_an_order_is_placed_and_comes_on_open_days(
    plan_of: PlanOf, supplier: dict[str, Any], place: dict[str, Any], closed: list[tuple[str, int, int]], days: tuple[date, date]
) -> None:
    planned = plan_of(
        demand=[STEADY],
        terms=[TERMS],
        supplier_terms=[{"supplier_id": 9, **supplier}] if supplier else [],
        locations=[{"location_id": 1, **place}],
        closed_days=[
            {"calendar_code": code, "starts_on": date(2026, 3, first), "ends_on": date(2026, 3, last)} for code, first, last in closed
        ],
    )
    assert days_of(planned) == days


def test_terms_of_the_place_go_before_those_for_all_places(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[STEADY],
        terms=[TERMS],
        supplier_terms=[{"supplier_id": 9, "order_days": "Mo"}, {"supplier_id": 9, "location_id": 1, "order_days": "Tu"}],
    )
    assert days_of(planned)[0] == date(2026, 3, 10)


def test_what_is_received_and_not_put_away_counts_and_is_named(plan_of: PlanOf) -> None:
    row = only(plan_of(demand=[STEADY], terms=[TERMS], position=[{**HERE, "sellable_units": 20, "awaiting_putaway_units": 200}]))
    assert (row["inventory_position_units"], row["free_units"], row["decision"]) == (220, 20, "already_ordered")
    assert "20 sellable + 0 on order + 0 in transit + 200 received and not put away" in row["why"]
    assert "Already ordered: 200 units received and not put away. Nothing more to order." in row["why"]


def test_books_below_zero_add_nothing_and_ask_for_a_count(plan_of: PlanOf) -> None:
    row = only(plan_of(terms=[TERMS], position=[{**HERE, "sellable_units": 0, "below_zero_units": 5}]))
    assert (row["inventory_position_units"], row["order_units"]) == (0, None)
    assert "The books stand 5 below zero here, which adds 0: count first." in row["why"]
