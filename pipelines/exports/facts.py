"""What the daily brief tells, as figures: read once, from one publication, before any sentence is made of them.

Belongs here: which figures the brief shows, and the counting and adding up that leads to them. Does not belong here:
words (`brief`), or formulas that another table has already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from pipelines.exports import facts_sql as sql
from pipelines.exports.proposals import Proposals, latest_proposals
from pipelines.exports.source import Source, has_table, opened, read_source
from pipelines.publish.reader import dicts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.settings import Home

Row = dict[str, Any]
Amounts = dict[str | None, Decimal]
"""Sums by currency: they are never added up."""

SHOWN: Final = 12
"""Rows of a list in the brief; the tables hold the rest."""
CHART_DAYS: Final = 28
USUAL_WEEKS: Final = 4
SILENT_AFTER: Final = timedelta(days=2)


@dataclasses.dataclass(frozen=True, slots=True)
class Changed:
    """Since the day before: stock now and its change over that day, what was asked for on it, and what the plan changed.

    `units_change` and `value_change` are null where nothing moved that day; `demand_units` where nothing was asked for.
    `usual_units` is the mean of the same weekday in the `usual_weeks` before, null where there is none.
    """

    day: date
    stock_units: int | None
    stock_values: Amounts
    uncosted_units: int
    newest_stock_on: date | None
    units_change: int | None
    value_change: Amounts
    demand_units: int | None
    demand_amounts: Amounts
    usual_units: Decimal | None
    usual_weeks: int
    demand_days: list[tuple[date, int]]
    stock_days: list[tuple[date, int]]
    previous_plan_on: date | None
    new: int
    resolved: int
    new_orders: list[Row]

    @property
    def against_usual(self) -> Decimal | None:
        """The day's demand against the usual one: 0.04 for four percent more; null where either is unknown or was 0."""
        if self.demand_units is None or not self.usual_units:
            return None
        return self.demand_units / self.usual_units - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Short:
    """Item × place without stock, or soon without: how many, what is done about each, and the first of them.

    Every one is either `ordered` now, or has goods `coming`, or neither. `rows` begin with the greatest demand (sold
    out), or with the fewest days left.
    """

    count: int
    ordered: int
    coming: int
    rows: list[Row]

    @property
    def unserved(self) -> int:
        """Neither ordered now nor on the way."""
        return self.count - self.ordered - self.coming


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What to order: lines and units in all, amounts by currency, the suppliers' totals, and the most urgent lines."""

    lines: int
    units: int
    amounts: Amounts
    unknown_amounts: int
    suppliers: list[Row]
    first: list[Row]


@dataclasses.dataclass(frozen=True, slots=True)
class Lacks:
    """What is missing: rows set aside by feed and reason, feeds that bring nothing, and what planning had to do without."""

    set_aside: list[Row]
    waiting: int
    refused: int
    never_seen: list[str]
    silent: list[tuple[str, datetime, timedelta]]
    no_cost: int
    no_terms: int
    no_terms_out: int
    no_point: int
    negative: int
    negative_units: int
    unfinished: int
    gates: list[Row]


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Everything the brief tells. `is_empty` before the first delivery; `newer_movements` are those above the marts' commit."""

    source: Source
    is_empty: bool
    changed: Changed
    out: Short
    soon: Short
    order: Order
    lacks: Lacks
    kpis: list[Row]
    alerts: list[Row]
    has_alerts: bool
    newer_movements: int

    @property
    def is_planned(self) -> bool:
        """Whether there is a plan to tell of."""
        return self.source.run_id is not None


def read_facts(home: Home) -> Facts:
    """The brief's figures from the publication that is current now. Raises UserError where there is none."""
    with opened(home) as con:
        source = read_source(con)
        deliveries = {row["feed"]: row["last_seen_at"] for row in dicts(con, sql.FEEDS)}
        _read_plan(con, source)
        has_alerts = has_table(con, "ops.alerts", sql.ALERT_COLUMNS)
        return Facts(
            source=source,
            is_empty=not deliveries,
            changed=_changed(con, source),
            out=_short(con, sql.IS_OUT, "demand_units_per_day_mean desc"),
            soon=_short(con, sql.IS_SOON, "planned.days_left, demand_units_per_day_mean desc"),
            order=_order(latest_proposals(con)),
            lacks=_lacks(con, source, deliveries),
            kpis=_kpis(con),
            alerts=dicts(con, sql.ALERTS, [source.as_of - timedelta(days=1)]) if has_alerts else [],
            has_alerts=has_alerts,
            newer_movements=con.execute("select count(*) from ledger.movements_new").fetchall()[0][0],
        )


def _changed(con: DuckDBPyConnection, source: Source) -> Changed:
    day = source.today - timedelta(days=1)
    from_day = day - timedelta(days=CHART_DAYS - 1)
    values = dicts(con, sql.STOCK_VALUE)
    moved = dicts(con, sql.STOCK_CHANGE, [day])
    asked = dicts(con, sql.DEMAND_OF_DAY, [day])
    [demand] = dicts(con, sql.DEMAND_USUAL, [*(day - timedelta(days=7 * week) for week in range(1, USUAL_WEEKS + 1))])
    weeks = demand["weeks"] or 0
    plans = dicts(con, sql.PLAN_CHANGE)
    [newest] = con.execute(sql.NEWEST_STOCK_DAY).fetchall()
    orders = plans[0] if plans else {"previous_on": None, "new": 0, "resolved": 0}
    return Changed(
        day=day,
        stock_units=sum(row["units"] for row in values) if values else None,
        stock_values=_amounts(values, "value_amount"),
        uncosted_units=sum(row["uncosted_units"] for row in values),
        newest_stock_on=newest[0],
        units_change=sum(row["units_change"] for row in moved) if moved else None,
        value_change=_amounts(moved, "value_change"),
        demand_units=sum(row["units"] for row in asked) if asked else None,
        demand_amounts=_amounts(asked, "amount"),
        usual_units=Decimal(demand["units"] or 0) / weeks if weeks else None,
        usual_weeks=weeks,
        demand_days=_days(con, sql.DEMAND_DAYS, from_day, day),
        stock_days=_days(con, sql.STOCK_DAYS, from_day, day),
        previous_plan_on=orders["previous_on"],
        new=orders["new"],
        resolved=orders["resolved"],
        new_orders=dicts(con, sql.NEW_ORDERS) if orders["new"] and orders["previous_on"] else [],
    )


def _days(con: DuckDBPyConnection, query: str, from_day: date, to_day: date) -> list[tuple[date, int]]:
    """A figure a day; empty where no day of them has one."""
    return [(day, int(units)) for day, units in con.execute(query, [from_day, to_day]).fetchall()]


def _read_plan(con: DuckDBPyConnection, source: Source) -> None:
    """Lay the latest plan beside its orders and the open supply, for this connection."""
    # Of purchase orders and transfers only what the plan saw at its own instant.
    has_supply = con.execute(
        "select 1 from duckdb_functions() where schema_name = 'plan' and function_name = 'open_supply_as_of'"
    ).fetchone()
    supply = sql.SUPPLY.format(at=source.as_of_at.isoformat()) if source.as_of_at and has_supply else sql.NO_SUPPLY
    con.execute(sql.PLANNED.format(supply=supply))


def _short(con: DuckDBPyConnection, condition: str, order: str) -> Short:
    """Item × place of the plan that meet a condition."""
    [counted] = dicts(con, sql.SHORT_COUNTS.format(condition=condition))
    rows = dicts(con, sql.SHORT_ROWS.format(condition=condition, order=order, limit=SHOWN))
    return Short(counted["count"], counted["ordered"], counted["coming"], rows)


def _order(found: Proposals) -> Order:
    suppliers = found.suppliers()
    return Order(
        lines=found.lines,
        units=sum(row["order_units"] for row in suppliers),
        amounts=_amounts(suppliers, "line_amount"),
        unknown_amounts=sum(row["line_amount"] is None for row in suppliers),
        suppliers=suppliers,
        first=found.first(SHOWN),
    )


def _lacks(con: DuckDBPyConnection, source: Source, deliveries: dict[str, datetime]) -> Lacks:
    from pipelines.feeds.registry import FEED_NAMES, OPTIONAL_FEEDS

    aside = dicts(con, sql.SET_ASIDE)
    health = {row["check_code"]: row for row in dicts(con, "select check_code, n_rows, affected_units from ops.data_health")}
    [points] = dicts(con, sql.WITHOUT_TERMS)
    ages = {feed: source.published_at - seen for feed, seen in deliveries.items()}

    def found(check: str, column: str = "n_rows") -> int:
        return int((health.get(check) or {}).get(column) or 0)

    return Lacks(
        set_aside=aside,
        waiting=sum(row["waiting"] for row in aside),
        refused=sum(row["refused"] for row in aside),
        never_seen=[feed for feed in FEED_NAMES if feed not in deliveries and feed not in OPTIONAL_FEEDS],
        silent=[(feed, deliveries[feed], ages[feed]) for feed in FEED_NAMES if ages.get(feed, timedelta(0)) > SILENT_AFTER],
        no_cost=found("items_without_cost"),
        no_terms=points["no_terms"],
        no_terms_out=points["no_terms_out"],
        no_point=points["no_point"],
        negative=found("negative_stock"),
        negative_units=found("negative_stock", "affected_units"),
        unfinished=found("deliveries_unfinished"),
        gates=dicts(con, sql.GATES) if _has_gates(con) else [],
    )


def _has_gates(con: DuckDBPyConnection) -> bool:
    return has_table(con, "ops.gates", sql.GATE_COLUMNS) and has_table(con, "ops.gate_results", sql.GATE_RESULT_COLUMNS)


def _kpis(con: DuckDBPyConnection) -> list[Row]:
    """Every key figure with a target, over its newest finished period, the missed ones first."""
    known = has_table(con, "kpi.values", sql.KPI_COLUMNS) and has_table(
        con, "kpi.definitions", ("kpi_code", "kpi_name", "kpi_name_fr", "unit")
    )
    return dicts(con, sql.KPIS) if known else []


def _amounts(rows: Sequence[Row], column: str) -> Amounts:
    """Sums by currency of what is known."""
    sums: Amounts = {}
    for row in rows:
        if row[column] is not None:
            sums[row["currency_code"]] = sums.get(row["currency_code"], Decimal(0)) + row[column]
    return sums
