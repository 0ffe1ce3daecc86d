"""The chain's first section: how a proposal became the quantity and the days it has, or why there is none."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from pipelines.explain.facts import Facts, Row
from pipelines.explain.terms import Section, Sentence, Term, not_kept
from pipelines.words.words import Code

_TABLE = "plan.reorder_proposals"
_ROUNDED = {
    (False, False): "rounding", (True, False): "rounding_moq", (False, True): "rounding_multiple", (True, True): "rounding_moq_multiple",
}  # fmt: skip
"""Raised to the minimum, rounded to a multiple."""


def proposal(facts: Facts) -> Section:
    """From the need over the economic quantity, minimum and multiple to the order, its price and its days."""
    order, plan = facts.proposal, facts.plan
    assert order is not None and plan is not None
    point, position = order["reorder_point_units"], order["inventory_position_units"]
    money = order["currency_code"] or "money"
    daily, free = plan["demand_units_per_day_mean"], plan["free_units"]
    has_point = point is not None and point > 0
    terms = [
        Term("order_units", order["order_units"], "units", f"{_TABLE}.order_units", None, _rounding(order)),
        Term("needed_units", plan["needed_units"], "units", "plan.reorder_points.needed_units",
             ("need", [point, position]) if has_point else ("need_promised", [position]), not_kept(facts)),
        *_aim(facts, order, plan),
        Term("moq_units", order["moq_units"], "units", f"{_TABLE}.moq_units", None, None if order["moq_units"] else ("none_stated", {})),
        Term("multiple_units", order["multiple_units"], "units", f"{_TABLE}.multiple_units", None,
             None if order["multiple_units"] else ("none_stated", {})),
        *_limits(facts, order),
        Term("order_by_on", order["order_by_on"], "date", f"{_TABLE}.order_by_on", None,
             ("order_by" if order["order_by_on"] == order["as_of_on"] else "order_by_open_day", {})),
        _arrival(order, plan),
        Term("unit_cost_amount", order["unit_cost_amount"], money, f"{_TABLE}.unit_cost_amount"),
        Term("order_amount", None if order["unit_cost_amount"] is None else order["order_units"] * order["unit_cost_amount"], money,
             f"{_TABLE}.order_units, .unit_cost_amount", ("product", [order["order_units"], order["unit_cost_amount"]])),
        Term("cover_days", order["cover_days"], "days", f"{_TABLE}.cover_days",
             ("cover", [plan["sellable_units"], plan["reserved_units"], plan["backorder_units"], daily]) if (free or 0) > 0 and daily else None),
        Term("priority_rank", order["priority_rank"], "rank", f"{_TABLE}.priority_rank", None, ("rank", {})),
        *offers(facts),
    ]  # fmt: skip
    return Section("proposal", terms)


def no_order(facts: Facts, decision: str) -> Section:
    """What stands against an order: the free stock, or that nothing is known."""
    plan = facts.plan
    if plan is None:
        return Section("no_proposal", offers(facts))
    parts = [plan[name] for name in ("sellable_units", "reserved_units", "backorder_units")]
    point, position = plan["reorder_point_units"], plan["inventory_position_units"]
    terms = [
        Term("free_units", plan["free_units"], "units", "plan.reorder_points.free_units", ("free", parts), not_kept(facts)),
        Term("above_point_units", None if point is None else position - point, "units",
             "plan.reorder_points.inventory_position_units, .reorder_point_units", ("difference", [position, point])),
        _economic(facts, plan, "plan.reorder_points"),
    ]  # fmt: skip
    if decision == "no_terms":
        terms = terms[:2]
    return Section("no_proposal", [*terms, *offers(facts)])


def _limits(facts: Facts, order: Row) -> list[Term]:
    """What cut the order: the supplier's maximum, where there is one, and the last day of sale, where it did."""
    steps = order["rounding_reason"].split("+")
    terms = []
    if order.get("max_units"):  # an earlier version kept none
        said = next((step for step in ("max", "over_max") if step in steps), "within_max")
        terms.append(Term("max_units", order["max_units"], "units", f"{_TABLE}.max_units", None, (said, {"left": order["left_units"]})))
    if "last_day" in steps:
        terms.append(Term("ended_on", facts.item["ended_on"], "date", "core.dim_item.ended_on", None, ("last_day", {})))
    return terms


def _arrival(order: Row, plan: Row) -> Term:
    """When the order comes: a lead time after it, or on the next day on which the place is open."""
    ordered_on, days = order["order_by_on"], math.ceil(plan["lead_time_days_mean"])
    is_open = order["eta_on"] == ordered_on + timedelta(days=days)
    moved = None if is_open else ("arrival_open_day", {"days": days})
    return Term("eta_on", order["eta_on"], "date", f"{_TABLE}.eta_on", ("arrival", [ordered_on, days]) if is_open else None, moved)


def offers(facts: Facts) -> list[Term]:
    """Whose terms cover the item here, the chosen first."""
    chosen = facts.plan and facts.plan["supplier_id"]
    ordered = sorted(facts.terms, key=lambda row: row["supplier_id"] != chosen)
    terms = [
        Term("offer", row["unit_cost_amount"], row["currency_code"] or "money", "plan.terms_as_of.unit_cost_amount", None,
             _offer(row, is_chosen=row["supplier_id"] == chosen), row["supplier_code"])
        for row in ordered
    ]  # fmt: skip
    return terms or [Term("no_offer", None, "text", "plan.terms_as_of.supplier_id", None, ("no_offer", {}))]


def _offer(row: Row, *, is_chosen: bool) -> Sentence:
    values = {"minimum": row["moq_units"] or 1, "multiple": row["multiple_units"] or 1, "days": row["lead_time_days"]}
    return ("offer_chosen" if is_chosen else "offer_other"), values


def _aim(facts: Facts, order: Row, plan: Row) -> list[Term]:
    """The economic quantity, and where something else was aimed at, that."""
    terms = [_economic(facts, plan, _TABLE)]
    if plan["target_days"] is not None and order["rounding_reason"].startswith(plan["target_kind"]):
        days = plan["target_days"]
        terms.append(Term("target_units", plan["target_units"], "units", "plan.reorder_points.target_units",
                          ("product", [plan["demand_units_per_day_mean"], days]), (f"target_{plan['target_kind']}", {"days": days})))  # fmt: skip
    return terms


def _economic(facts: Facts, plan: Row, table: str) -> Term:
    """The quantity with the least yearly cost, or what it lacks."""
    units, daily = plan["economic_order_units"], plan["demand_units_per_day_mean"]
    price, cost = plan["unit_cost_amount"], plan["order_cost_amount"]
    formula: tuple[str, list[Any]] | None = None
    note = not_kept(facts)
    if units is not None:
        formula = ("economic", [daily, cost, facts.setting("holding_cost_rate"), price])
    elif note is None:
        note = ("no_economic", {"demand": daily, "price": price, "cost": cost})
    return Term("economic_order_units", units, "units", f"{table}.economic_order_units", formula, note)


def _rounding(order: Row) -> Sentence:
    kind, *steps = order["rounding_reason"].split("+")
    code = _ROUNDED["moq" in steps, "multiple" in steps]
    return code, {"kind": Code(f"rounding_reason.{kind}"), "moq": order["moq_units"], "multiple": order["multiple_units"]}
