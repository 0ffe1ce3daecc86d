"""Stock and demand day by day, and what is to come: the series that the chart draws.

Belongs here: reading the days, projecting them. Does not belong here: drawing.
"""

from __future__ import annotations

import dataclasses
import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from pipelines.explain.facts import Facts, History

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DAYS: Final = 120
DAYS_OF_SLOW: Final = 240
"""So far back the chart looks; further where demand comes every few days only."""
_SLOW_ADI: Final = 3
_AHEAD: Final = 5
"""At least a fifth of the days looked back at are looked ahead."""
_MOST_AHEAD: Final = 120

_STOCK = """
select stock_on, sellable_closing_units from stock.daily_filled
where item_id = $item and location_id = $location and stock_on >= $first and stock_on <= $last order by stock_on"""
_DEMAND = """
select demand_on, cast(sum(gross_units) as bigint) as gross_units, bool_or(is_censored) as is_censored from demand.daily
where item_id = $item and location_id = $location and demand_on >= $first and demand_on <= $last group by all order by demand_on"""


@dataclasses.dataclass(frozen=True, slots=True)
class Due:
    """Units that come on a day: open supply, counted in the position or not."""

    due_on: date
    units: int
    is_counted: bool


def read_history(con: DuckDBPyConnection, item_id: int, location_id: int, last_on: date, adi: Any) -> History:
    """The days up to the one planned for, as many as the pace of demand asks for."""
    slow = adi is None or adi > _SLOW_ADI
    first = last_on - timedelta(days=DAYS_OF_SLOW if slow else DAYS)
    values = {"item": item_id, "location": location_id, "first": first, "last": last_on}
    return History(first, con.execute(_STOCK, values).fetchall(), con.execute(_DEMAND, values).fetchall())


def dues(facts: Facts) -> list[Due]:
    """Open supply by day, with what of it the position counts; supply without a day is left out."""
    units: dict[tuple[date, bool], int] = {}
    for line in facts.counted:
        if line["expected_on"] is not None:
            key = (line["expected_on"], line["use_kind"] == "useful")
            units[key] = units.get(key, 0) + line["coming_units"]
    return [Due(day, total, counted) for (day, counted), total in sorted(units.items())]


def last_day(facts: Facts, coming: list[Due]) -> date:
    """How far ahead to look: past what is covered and what is to come, within limits."""
    plan, today = facts.plan or {}, facts.as_of_on
    back = (today - facts.history.first_on).days if facts.history else DAYS
    ahead = [back // _AHEAD]
    if plan.get("covered_days") is not None:
        ahead.append(math.ceil(plan["covered_days"]) + 7)
    if facts.proposal:
        ahead.append((facts.proposal["eta_on"] - today).days + 10)
    ahead += [(due.due_on - today).days + 5 for due in coming]
    return today + timedelta(days=min(max(ahead), _MOST_AHEAD))


def projection(facts: Facts, coming: list[Due], until: date, *, with_order: bool) -> list[tuple[date, float]]:
    """Sellable stock to be expected at the close of each day from the plan's on; empty where demand is unknown, or the plan kept no terms.

    What is promised leaves first, then demand at its mean; what finds the shelf empty is lost. Counted supply comes on its
    day, the late part of it tomorrow; the proposed order on its own day.
    """
    plan, today = facts.plan, facts.as_of_on
    if plan is None or not facts.is_kept or plan["demand_units_per_day_mean"] is None:
        return []
    daily = float(plan["demand_units_per_day_mean"])
    arrivals: dict[date, int] = {}
    for due in coming:
        if due.is_counted:
            day = max(due.due_on, today + timedelta(days=1))
            arrivals[day] = arrivals.get(day, 0) + due.units
    if with_order and facts.proposal:
        day = facts.proposal["eta_on"]
        arrivals[day] = arrivals.get(day, 0) + facts.proposal["order_units"]
    level = float(plan["free_units"])
    days = [(today, level)]
    for number in range(1, (until - today).days + 1):
        day = today + timedelta(days=number)
        level += arrivals.get(day, 0)
        level = max(level - daily, min(level, 0.0))
        days.append((day, level))
    return days
