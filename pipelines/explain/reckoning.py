"""The few steps between the columns of the plan that no table keeps: the decision, the need, which supply counts.

Each follows a formula of `pipelines.planning` in plain Python, because loading frames takes longer than the whole
command may; tests hold each equal to planning's own.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

from pipelines.explain.facts import Facts, Row


def free_units(plan: Row) -> int:
    """Units on hand that nobody was promised: sellable - reserved - backordered."""
    return int(plan["sellable_units"] - plan["reserved_units"] - plan["backorder_units"])


def is_reached(position: int, point: Any) -> bool:
    """As `planning.reorder_point.is_reached`: at or below a point above 0, or below 0 where there is none."""
    return (point is not None and point > 0 and position <= point) or position < 0


def decision(facts: Facts) -> str:
    """As `planning.policy` decides, by code; `not_planned` and `no_run` where there is no plan."""
    plan = facts.plan
    if plan is None:
        return "not_planned" if facts.run else "no_run"
    point = plan["reorder_point_units"]
    if facts.proposal:
        return "order"
    if is_reached(plan["inventory_position_units"], point):
        return "no_terms"
    if is_reached(free_units(plan), point):
        return "already_ordered"
    if point is None:
        return "unknown"
    return "no_demand" if point == 0 else "enough"


def needed_units(position: int, point: Any) -> int:
    """As `planning.reorder_point.needed_units`: the least whole number that lifts the position above the point."""
    needed = math.floor(point - position) + 1 if point is not None and point > 0 else -position
    return max(0, needed)


def target_units(kind: str, plan: Row, settings: Row, shelf_life_days: int | None) -> tuple[Any, int | None]:
    """The quantity an order aims at by its kind (the first code of `rounding_reason`), and the days it was cut to, if any."""
    if kind == "economic":
        return plan["economic_order_units"], None
    days = shelf_life_days if kind == "shelf_life" else settings[f"{kind}_days"]["value"]
    return plan["demand_units_per_day_mean"] * days, days


def expected_on(line: Row, lead_time_days: Any) -> date | None:
    """As `planning.position.expected_on`: as promised, else as wanted, else a lead time after the order."""
    stated: date | None = line["promised_on"] or line["due_on"]
    if stated:
        return stated
    if line["ordered_on"] is None or lead_time_days is None:
        return None
    ordered: date = line["ordered_on"]
    return ordered + timedelta(days=math.ceil(lead_time_days))


def use(line: Row, expected: date | None, plan: Row, settings: Row, as_of_on: date) -> str:
    """As `planning.position.use`: `useful`, `later` than what is covered, or `overdue` beyond its grace."""
    if expected is None:
        return "useful"
    is_order = line["supply_kind"] == "po"
    ahead = (expected - as_of_on).days
    if -ahead > settings["po_grace_days" if is_order else "transit_grace_days"]["value"]:
        return "overdue"
    days = plan["lead_time_days_mean"]
    return "later" if is_order and days is not None and ahead > math.ceil(days + plan["review_days"]) else "useful"
