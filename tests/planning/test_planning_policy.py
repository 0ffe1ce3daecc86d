"""The policy over small frames: which rows it gives, what it decides, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from pipelines.errors import UserError
from pipelines.planning.policy import Plan
from pipelines.planning.rules import Policy

PlanOf = Callable[..., Plan]
HERE = {"item_id": 1, "location_id": 1}
STEADY = {**HERE, "demand_units_mean": 20.0, "demand_units_sd": 5.0, "demand_class": "smooth", "n_valid_days": 90}
TERMS = {"supplier_id": 9, "item_id": 1, "lead_time_days": 5, "unit_cost_amount": "3.50", "currency_code": "EUR", "order_cost_amount": "25"}


def only(planned: Plan) -> dict:
    """The one item of a plan, as a row."""
    return planned.items.row(0, named=True)


def test_stock_demand_or_supply_alone_gives_a_row(plan_of: PlanOf) -> None:
    planned = plan_of(
        position=[{"item_id": 1, "location_id": 1, "sellable_units": 3}],
        demand=[{"item_id": 2, "location_id": 1, "demand_units_mean": 1.0}],
        supply=[{"item_id": 3, "location_id": 1, "supply_kind": "po", "open_units": 4}],
        terms=[{"supplier_id": 9, "item_id": 4}],
    )
    assert planned.items["item_id"].to_list() == [1, 2, 3]


def test_an_item_without_history_has_no_point_and_says_so(plan_of: PlanOf) -> None:
    planned = plan_of(position=[{**HERE, "sellable_units": 3}], terms=[TERMS])
    row = only(planned)
    assert (row["method"], row["safety_stock_units"], row["reorder_point_units"]) == (None, None, None)
    assert row["why"].startswith("Reorder point unknown: no demand is known, seen on 0 days.")
    assert planned.proposals.is_empty()


def test_units_promised_without_history_are_ordered_as_they_are_needed(plan_of: PlanOf) -> None:
    planned = plan_of(position=[{**HERE, "sellable_units": 1, "reserved_units": 4}], terms=[TERMS])
    assert planned.proposals.select("order_units", "rounding_reason", "priority_rank").row(0) == (3, "need", 1)
    assert "More is promised than covered: order 3 units" in planned.proposals["why"].item()


def test_one_day_of_history_leaves_the_safety_stock_unknown_and_the_point_simple(plan_of: PlanOf) -> None:
    row = only(plan_of(demand=[{**STEADY, "demand_units_sd": None, "n_valid_days": 1}], terms=[TERMS]))
    assert (row["method"], row["safety_stock_units"], row["reorder_point_units"]) == ("simple", None, 100)
    assert "seen on 1 days" in row["method_reason"]


@pytest.mark.parametrize(
    ("n_receipts", "demand_class", "method", "reason"),
    [
        (5, "smooth", "combined", "5 receipts and smooth demand"),
        (4, "smooth", "normal_ltd", "fewer than 5 receipts"),
        (5, "lumpy", "normal_ltd", "lumpy demand"),
        (5, None, "normal_ltd", "unclassified demand"),
    ],
)
def test_the_method_follows_receipts_and_class(
    plan_of: PlanOf, n_receipts: int, demand_class: str | None, method: str, reason: str
) -> None:
    receipts = {**HERE, "supplier_id": 9, "n_receipts": n_receipts, "lead_time_days_mean": 5.0, "lead_time_days_sd": 2.0}
    row = only(plan_of(demand=[{**STEADY, "demand_class": demand_class}], terms=[TERMS], lead_times=[receipts]))
    assert (row["method"], row["method_reason"]) == (method, reason)


def test_the_lead_time_falls_from_own_receipts_to_supplier_to_terms_to_policy(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[{**STEADY, "item_id": item} for item in (1, 2, 3, 4)],
        terms=[{**TERMS, "item_id": 1}, {**TERMS, "item_id": 2}, {**TERMS, "item_id": 3, "supplier_id": 8}],
        lead_times=[
            {"supplier_id": 9, "item_id": 1, "location_id": 1, "n_receipts": 6, "lead_time_days_mean": 4.0, "lead_time_days_sd": 1.0},
            {"supplier_id": 9, "item_id": 2, "location_id": 1, "n_receipts": 2, "lead_time_days_mean": 8.0, "lead_time_days_sd": 0.0},
        ],
    )
    assert planned.items["lead_time_source"].to_list() == ["receipts", "supplier", "terms", "policy"]
    assert planned.items["lead_time_days_mean"].to_list() == [4, 5, 5, 7]
    assert planned.items["lead_time_days_sd"].is_null().to_list() == [False, False, True, True]


def test_a_review_period_adds_to_the_days_covered_but_not_to_the_textbook_point(plan_of: PlanOf) -> None:
    row = only(plan_of(Policy(review_days=2), demand=[STEADY], terms=[TERMS]))
    assert (row["covered_days"], row["lead_time_demand_units"], row["simple_reorder_point_units"]) == (7, 140, 100)


def test_a_target_below_one_half_holds_nothing_rather_than_less_than_nothing(plan_of: PlanOf) -> None:
    assert only(plan_of(Policy(service_target_rate=0.3), demand=[STEADY], terms=[TERMS]))["safety_stock_units"] == 0


def test_a_reached_point_without_terms_is_said_and_not_ordered(plan_of: PlanOf) -> None:
    planned = plan_of(demand=[STEADY])
    assert planned.proposals.is_empty()
    assert "no supplier's terms cover this item here" in only(planned)["why"]
    assert only(planned)["supplier_id"] is None


def test_terms_for_the_location_go_before_the_same_suppliers_terms_for_all(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[STEADY, {**STEADY, "location_id": 2}],
        terms=[{**TERMS, "location_id": None, "moq_units": 1}, {**TERMS, "location_id": 2, "moq_units": 500}],
    )
    assert planned.items["moq_units"].to_list() == [1, 500]
    assert planned.items["other_suppliers"].null_count() == 2


def test_the_cheapest_supplier_is_chosen_and_the_others_are_named(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[STEADY],
        terms=[{**TERMS, "supplier_id": 8, "unit_cost_amount": "4.10"}, TERMS],
        suppliers=[{"supplier_id": 8, "supplier_code": "S-TXT"}, {"supplier_id": 9, "supplier_code": "S-CUP"}],
    )
    assert planned.proposals["supplier_id"].to_list() == [9]
    assert "Also offered by S-TXT at 4.1" in planned.proposals["why"].item()


def test_prices_in_two_currencies_are_not_compared(plan_of: PlanOf) -> None:
    dear_and_quick = {**TERMS, "supplier_id": 8, "unit_cost_amount": "400", "currency_code": "JPY", "lead_time_days": 2}
    assert only(plan_of(demand=[STEADY], terms=[TERMS, dear_and_quick]))["supplier_id"] == 8


def test_the_position_counts_what_comes_in_time_and_says_what_it_leaves_out(plan_of: PlanOf) -> None:
    def po(number: str, units: int, promised_on: date) -> dict:
        return {**HERE, "supply_kind": "po", "document_id": number, "open_units": units, "promised_on": promised_on}

    row = only(
        plan_of(
            demand=[STEADY],
            terms=[TERMS],
            position=[{**HERE, "sellable_units": 45, "reserved_units": 4, "backorder_units": 1}],
            supply=[
                po("PO-1", 10, date(2026, 3, 13)),
                po("PO-2", 20, date(2026, 3, 14)),
                po("PO-3", 30, date(2026, 2, 1)),
                {**HERE, "supply_kind": "asn", "document_id": "ASN-7", "open_units": 6, "ordered_at": datetime(2026, 3, 5, tzinfo=UTC)},
            ],
        )
    )
    assert (row["on_order_units"], row["in_transit_units"], row["excluded_supply_units"]) == (10, 6, 50)
    assert row["inventory_position_units"] == 45 + 10 + 6 - 4 - 1
    assert (
        "Not counted: 30 units of po PO-3 expected 2026-02-01 (35 days late, 14 allowed), 20 units of po PO-2 expected 2026-03-14"
        in row["why"]
    )


def test_a_purchase_order_without_a_promise_is_expected_a_lead_time_after_it_was_placed(plan_of: PlanOf) -> None:
    placed = {**HERE, "supply_kind": "po", "document_id": "PO-1", "open_units": 10}
    old, new = (
        {**placed, "document_id": name, "ordered_at": datetime(2026, month, 6, 9, tzinfo=UTC)} for name, month in (("old", 1), ("new", 3))
    )
    row = only(plan_of(demand=[STEADY], terms=[TERMS], supply=[old, new]))
    assert (row["on_order_units"], row["excluded_supply_units"]) == (10, 10)


@pytest.mark.parametrize(
    ("terms", "shelf_life_days", "order_units", "reason"),
    [
        ({}, None, 723, "economic"),
        ({"multiple_units": 12}, None, 720, "economic+multiple"),
        ({"moq_units": 900}, None, 900, "economic+moq"),
        ({"order_cost_amount": None}, None, 280, "cover"),
        ({"order_cost_amount": "25000"}, None, 3600, "max_cover"),
        ({}, 10, 200, "shelf_life"),
        ({"order_cost_amount": "0.0001"}, None, 108, "need"),
        ({"order_cost_amount": "0"}, None, 108, "need"),
    ],
)
def test_the_order_says_what_made_it_its_size(
    plan_of: PlanOf, terms: dict, shelf_life_days: int | None, order_units: int, reason: str
) -> None:
    planned = plan_of(
        demand=[STEADY],
        position=[{**HERE, "sellable_units": 11}],
        terms=[{**TERMS, "unit_cost_amount": "3.49", **terms}],
        items=[{"item_id": 1, "shelf_life_days": shelf_life_days}],
    )
    assert planned.proposals.select("order_units", "rounding_reason").row(0) == (order_units, reason)


def test_an_order_is_due_today_and_arrives_a_lead_time_later(plan_of: PlanOf) -> None:
    planned = plan_of(demand=[STEADY], terms=[TERMS])
    assert planned.proposals.select("order_by_on", "eta_on", "status").row(0) == (date(2026, 3, 8), date(2026, 3, 13), "proposed")


def test_what_runs_out_first_ranks_first_and_then_what_is_worth_more(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[{**STEADY, "item_id": item} for item in (1, 2, 3)],
        position=[
            {"item_id": 1, "location_id": 1, "sellable_units": 40},
            {"item_id": 2, "location_id": 1, "sellable_units": 20},
            {"item_id": 3, "location_id": 1, "sellable_units": 20},
        ],
        terms=[{**TERMS, "item_id": item, "unit_cost_amount": cost} for item, cost in ((1, "1"), (2, "1"), (3, "2"))],
    )
    assert planned.proposals.select("item_id", "priority_rank", "cover_days").rows() == [(3, 1, 1.0), (2, 2, 1.0), (1, 3, 2.0)]


def test_figures_that_cannot_be_are_unknown(plan_of: PlanOf) -> None:
    planned = plan_of(
        demand=[{**STEADY, "item_id": item, "demand_units_mean": mean} for item, mean in ((1, float("nan")), (2, float("inf")), (3, -1.0))],
        terms=[{**TERMS, "item_id": item} for item in (1, 2, 3)],
    )
    assert planned.items["reorder_point_units"].null_count() == 3
    assert planned.proposals.is_empty()


def test_the_policys_order_cost_stands_in_only_in_the_currency_of_the_terms(plan_of: PlanOf) -> None:
    policy = Policy(order_cost_amount=40.0, currency_code="EUR")
    silent = {**TERMS, "order_cost_amount": None}
    planned = plan_of(
        policy,
        demand=[STEADY, {**STEADY, "item_id": 2}, {**STEADY, "item_id": 3}],
        terms=[silent, {**silent, "item_id": 2, "currency_code": "USD"}, {**TERMS, "item_id": 3}],
    )
    assert planned.items["order_cost_amount"].to_list() == [40, None, 25]
    assert planned.items["economic_order_units"].is_null().to_list() == [False, True, False]


def test_no_demand_in_too_few_days_is_unknown_and_in_enough_days_is_none(plan_of: PlanOf) -> None:
    quiet = {**HERE, "demand_units_mean": 0.0, "demand_units_sd": 0.0}
    assert only(plan_of(demand=[{**quiet, "n_valid_days": 1}]))["reorder_point_units"] is None
    assert only(plan_of(demand=[{**quiet, "n_valid_days": 30}]))["reorder_point_units"] == 0


def test_services_and_bundles_are_not_planned(plan_of: PlanOf) -> None:
    kinds = ["stock", "service", "bundle", "kit", None]
    planned = plan_of(
        demand=[{**STEADY, "item_id": n} for n in range(5)], items=[{"item_id": n, "item_kind": kind} for n, kind in enumerate(kinds)]
    )
    assert planned.items["item_id"].to_list() == [0, 3, 4]


def test_a_key_that_comes_twice_is_refused_rather_than_counted_twice(plan_of: PlanOf) -> None:
    with pytest.raises(UserError, match="1 rows of position repeat their key"):
        plan_of(position=[{**HERE, "sellable_units": 3}, {**HERE, "sellable_units": 3}])


def test_an_empty_warehouse_gives_an_empty_plan(plan_of: PlanOf) -> None:
    planned = plan_of()
    assert planned.items.is_empty()
    assert planned.proposals.is_empty()


def test_the_reason_states_every_term_with_its_figure(plan_of: PlanOf) -> None:
    receipts = {**HERE, "supplier_id": 9, "n_receipts": 6, "lead_time_days_mean": 5.0, "lead_time_days_sd": 1.0}
    planned = plan_of(
        demand=[STEADY],
        terms=[{**TERMS, "moq_units": 12, "multiple_units": 6}],
        lead_times=[receipts],
        position=[{**HERE, "sellable_units": 45, "reserved_units": 4}],
        suppliers=[{"supplier_id": 9, "supplier_code": "S-CUP"}],
    )
    assert only(planned)["why"] == (
        "Reorder at 137.69 units = 100 expected in 5 days (20 a day; lead time 5 days, mean of 6 own receipts) + 37.69 safety stock "
        "(combined, 6 receipts and smooth demand: 1.645 x 22.91 units for 95 % of cycles without stockout). "
        "Position 41 = 45 sellable + 0 on order + 0 in transit + 0 received and not put away - 4 reserved - 0 backordered. "
        "At or below the point: order 720 units from S-CUP by 2026-03-08 (economic quantity 722.1, in 6s), "
        "expected 2026-03-13, at 3.5 EUR."
    )


def test_the_published_example_gives_its_positions(plan_of: PlanOf) -> None:
    mug, tee, tea = 1, 2, 3
    dc, lisbon = 1, 2
    planned = plan_of(
        position=[
            {"item_id": mug, "location_id": dc, "sellable_units": 45, "reserved_units": 4},
            {"item_id": tee, "location_id": dc, "sellable_units": 32},
            {"item_id": tee, "location_id": lisbon, "sellable_units": 9},
            {"item_id": tea, "location_id": dc, "sellable_units": 45, "reserved_units": 5},
        ],
        supply=[
            {
                "item_id": mug,
                "location_id": dc,
                "supply_kind": "asn",
                "document_id": "ASN-7",
                "open_units": 6,
                "promised_on": date(2026, 3, 6),
            },
            {
                "item_id": tee,
                "location_id": dc,
                "supply_kind": "po",
                "document_id": "PO-8",
                "open_units": 20,
                "promised_on": date(2026, 3, 16),
            },
            {"item_id": tee, "location_id": lisbon, "supply_kind": "transfer", "document_id": "T-1", "open_units": 1},
        ],
        terms=[
            {**TERMS, "item_id": mug, "lead_time_days": 4},
            {**TERMS, "item_id": tee, "lead_time_days": 10},
            {**TERMS, "item_id": tea, "lead_time_days": 6},
        ],
    )
    assert planned.items.select("item_id", "location_id", "inventory_position_units").rows() == [
        (mug, dc, 47),
        (tee, dc, 52),
        (tee, lisbon, 10),
        (tea, dc, 40),
    ]
