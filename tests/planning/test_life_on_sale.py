"""What is no longer ordered, not yet, or only for the days that are left; and items that follow others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from pipelines.planning.policy import Plan
from pipelines.planning.rules import Policy

PlanOf = Callable[..., Plan]
HERE = {"item_id": 1, "location_id": 1}
STEADY = {**HERE, "demand_units_mean": 20.0, "demand_units_sd": 5.0, "demand_class": "smooth", "n_valid_days": 90}
TERMS = {"supplier_id": 9, "item_id": 1, "lead_time_days": 5, "unit_cost_amount": "3.50", "currency_code": "EUR", "order_cost_amount": "25"}
MUG = {"item_id": 1, "item_code": "MUG", "item_kind": "stock"}


def only(planned: Plan) -> dict[str, Any]:
    """The one item of a plan, as a row."""
    return planned.items.row(0, named=True)


@pytest.mark.parametrize(
    ("life", "decision", "why"),
    [
        ({"ended_on": date(2026, 3, 7)}, "ended", "Not ordered: ended on 2026-03-07."),
        ({"lifecycle": "ended"}, "ended", "Not ordered: its lifecycle is ended."),
        ({"lifecycle": "Phase_Out"}, "phase_out", "Not ordered: its lifecycle is phase_out."),
        (
            {"launched_on": date(2026, 3, 14)},
            "not_launched",
            "its first day of sale, 2026-03-14, lies beyond the days that an order covers",
        ),
        ({"ended_on": date(2026, 3, 12)}, "ends_before_arrival", "it would come on 2026-03-13, after its last day of sale, 2026-03-12"),
    ],
)
def test_what_cannot_be_sold_when_it_comes_is_not_ordered_and_says_why(
    plan_of: PlanOf, life: dict[str, Any], decision: str, why: str
) -> None:
    planned = plan_of(demand=[STEADY], terms=[TERMS], items=[{**MUG, **life}])
    assert planned.proposals.is_empty()
    row = only(planned)
    assert (row["decision"], row["order_units"], row["needed_units"]) == (decision, None, None)
    assert why in row["why"]
    assert row["reorder_point_units"] > 0


@pytest.mark.parametrize(
    "life",
    [
        {"lifecycle": "new"}, {"lifecycle": "active"}, {"launched_on": date(2026, 3, 13)}, {"launched_on": date(1998, 9, 1)},
        {"ended_on": date(2027, 3, 8)},
    ],
)  # fmt: skip
def test_what_is_on_sale_when_it_comes_is_ordered(plan_of: PlanOf, life: dict[str, Any]) -> None:
    assert only(plan_of(demand=[STEADY], terms=[TERMS], items=[{**MUG, **life}]))["decision"] == "order"


def test_an_order_is_cut_to_what_can_be_sold_until_the_last_day(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[STEADY], terms=[{**TERMS, "multiple_units": 6}], items=[{**MUG, "ended_on": date(2026, 3, 17)}],
        position=[{**HERE, "sellable_units": 50}],
    )  # fmt: skip
    # 10 days of 20 less the 50 that are there: 150
    assert planned.proposals.select("order_units", "rounding_reason").row(0) == (150, "economic+multiple+last_day")
    assert "cut to what can be sold until the last day, 2026-03-17" in planned.proposals["why"].item()


@pytest.mark.parametrize(
    ("sellable", "why"),
    [(70, "only 130 more can be sold, less than the least order"), (2000, "Above the point")],
)
def test_a_least_order_above_what_can_still_be_sold_is_not_made(plan_of: PlanOf, sellable: int, why: str) -> None:
    planned = plan_of(
        demand=[STEADY], terms=[{**TERMS, "moq_units": 200}], items=[{**MUG, "ended_on": date(2026, 3, 17)}],
        position=[{**HERE, "sellable_units": sellable}],
    )  # fmt: skip
    assert planned.proposals.is_empty()
    assert why in only(planned)["why"]


def test_what_is_there_may_last_until_the_last_day(plan_of: PlanOf) -> None:
    planned = plan_of(
        Policy(review_days=30), demand=[STEADY], terms=[TERMS], items=[{**MUG, "ended_on": date(2026, 3, 17)}],
        position=[{**HERE, "sellable_units": 200}],
    )  # fmt: skip
    assert "what is there and coming lasts until its last day of sale, 2026-03-17" in only(planned)["why"]


def of(planned: Plan, item_id: int) -> dict[str, Any]:
    """The row of one item of a plan."""
    return next(row for row in planned.items.iter_rows(named=True) if row["item_id"] == item_id)


NAMES = [{"item_id": number, "item_code": code} for number, code in ((1, "OLD"), (2, "NEW"), (3, "NEWER"))]


def test_a_successor_is_planned_on_the_demand_of_what_it_follows_which_is_ordered_no_more(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[STEADY], terms=[TERMS, {**TERMS, "item_id": 2}], items=NAMES, successions=[{"item_id": 1, "related_item_id": 2}]
    )
    old, new = of(planned, 1), of(planned, 2)
    assert (old["decision"], new["decision"], new["reorder_point_units"]) == ("followed", "order", old["reorder_point_units"])
    assert "Not ordered: NEW follows it." in old["why"]
    assert "Demand is that of OLD, which it follows." in new["why"]


@pytest.mark.parametrize(("own_days", "mean", "demand_of"), [(10, 20.0, 1), (28, 3.0, None)])
def test_a_successor_has_its_own_demand_from_four_weeks_on(plan_of: PlanOf, own_days: int, mean: float, demand_of: int | None) -> None:
    own = {**STEADY, "item_id": 2, "demand_units_mean": 3.0, "n_valid_days": own_days}
    new = of(plan_of(demand=[STEADY, own], items=NAMES, successions=[{"item_id": 1, "related_item_id": 2}]), 2)
    assert (new["demand_units_per_day_mean"], new["demand_of_item_id"]) == (mean, demand_of)


def test_demand_is_handed_down_a_chain_and_a_circle_ends(plan_of: PlanOf) -> None:
    chain = [{"item_id": 1, "related_item_id": 2}, {"item_id": 2, "related_item_id": 3}]
    few = {**STEADY, "item_id": 2, "demand_units_mean": 3.0, "n_valid_days": 5}
    assert of(plan_of(demand=[STEADY, few], items=NAMES, successions=chain), 3)["demand_of_item_id"] == 1
    circle = [*chain, {"item_id": 3, "related_item_id": 1}]
    assert of(plan_of(demand=[STEADY], items=NAMES, successions=circle), 1)["demand_of_item_id"] is None
