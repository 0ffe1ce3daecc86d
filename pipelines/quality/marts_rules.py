"""The rules of the marts: invariants that no dbt test states, table by table.

Belongs here: which rows of a mart are checked, and what must be true of them. Does not belong here: keys, grains,
balances and the laws that a dbt test states (`dbt_project/tests`): each rule is in one of the two places.

`block` is for what holds by construction, whatever the sources send. Where it does not hold, a formula is broken and nothing
may be decided from its result. What data can cause only warns: incomplete ones (sales without an opening, an order recorded late),
odd ones (huge units, a day of another century), and all that was taken back (a day of demand that is gone).
Results of planning only warn too: if they blocked, no new plan could ever replace them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Final

from pipelines.quality.rules import Rule, Severity

ABSURD_UNITS: Final = 1_000_000_000_000
"""More units than any location holds or any day moves: a product or a sum is wrong."""
_FIRST_DAY: Final = date(1999, 12, 31)
"""Of what a shop has in its books today; older days are taken, and warned of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Mart:
    """A mart as a gate sees it. `grown_by` is the column with the commit that wrote a row: only rows above the last published build are checked.

    `where` is a column that is true for the rows to check. `keys` identify a row to a person. Of a mart that `only_grows` no row
    ever goes away, whatever comes.
    """

    schema: str
    name: str
    keys: tuple[str, ...]
    rules: tuple[Rule, ...]
    grown_by: str | None = None
    where: str | None = None
    only_grows: bool = False

    @property
    def full_name(self) -> str:
        """What people read."""
        return f"{self.schema}.{self.name}"

    @property
    def table(self) -> str:
        """Its name in a look's database, where there are no schemas."""
        return f"{self.schema}__{self.name}"


def _mart(
    schema: str, name: str, keys: Sequence[str], *rules: Rule, grown_by: str | None = None, where: str | None = None, only_grows: bool = False
) -> Mart:  # fmt: skip
    named = (
        dataclasses.replace(rule, code=f"{schema}.{name}.{rule.code}", table=f"{schema}__{name}", keys=(*keys, *rule.columns))
        for rule in rules
    )
    return Mart(schema, name, tuple(keys), tuple(named), grown_by, where, only_grows)


def _between(column: str, low: float | None, high: float | None, what: str, severity: Severity = "block") -> Rule:
    return Rule(f"{column}.between", "", "between", (column,), what, severity, low=low, high=high)


def _plausible(column: str, what: str) -> Rule:
    """Units that no single row should have; one that has them is somebody's to look at, and no reason to stop the others."""
    return Rule(f"{column}.between_usually", "", "between", (column,), what, "warn", low=-ABSURD_UNITS, high=ABSURD_UNITS)


def _old(column: str, what: str) -> Rule:
    """Days are never before the year 2000; of those that are people hear."""
    return Rule(f"{column}.not_before", "", "not_before", (column,), what, "warn", first=_FIRST_DAY)


def _holds(code: str, condition: str, what: str, *columns: str, severity: Severity = "block") -> Rule:
    return Rule(code, "", "holds", columns, what, severity, condition=condition)


def _there(column: str) -> Rule:
    return Rule(f"{column}.not_null", "", "not_null", (column,), f"{column} is present")


_STATISTICS: Final = ("demand_units_mean", "demand_units_sd", "cv2", "adi")
_PLACE: Final = ("item_id", "location_id")

MARTS: Final[tuple[Mart, ...]] = (
    _mart(
        "core", "fct_movements", ("movement_id", "leg_no", *_PLACE),
        *(_there(column) for column in ("occurred_at", "known_at", "business_on")),
        _plausible("delta_units", "the units of a movement are a plausible number, not a code"),
        _old("occurred_at", "no movement is before the year 2000"),
        grown_by="commit_id", only_grows=True,
    ),
    _mart(
        "stock", "on_hand", (*_PLACE, "stock_state"),
        _plausible("on_hand_units", "stock is a plausible number, not a code"),
        _holds(
            "below_zero_rate", "(select avg(case when on_hand_units < 0 then 1.0 else 0.0 end) from {batch}) <= 0.2 or on_hand_units >= 0",
            "at most a fifth of the stock rows are below zero", "on_hand_units", severity="warn",
        ),
    ),
    _mart(
        "stock", "daily", (*_PLACE, "stock_on"),
        _between("in_units", 0, None, "units in are not negative"),
        _between("out_units", 0, None, "units out are not negative"),
        _plausible("closing_units", "the stock of a day is a plausible number, not a code"),
        _old("stock_on", "no day is before the year 2000"),
        grown_by="built_commit_id", only_grows=True,
    ),
    _mart(
        "ops", "snapshots", ("event_kind", "location_id", "supplier_id", "snapshot_at"),
        # A refused list is not used and the earlier figures stay, so nothing has to wait for a better list.
        _holds(
            "is_whole", "completeness <> 'refused'", "the newest stock list of each location has enough items to be accepted",
            "completeness", "n_items", "usual_items", severity="warn",
        ),
        _holds(
            "is_usual", "completeness <> 'thin'", "the newest stock list of each location is about as long as usual",
            "completeness", "n_items", "usual_items", severity="warn",
        ),
        where="is_newest",
    ),
    _mart(
        "availability", "by_channel", ("item_id", "channel_id"),
        _between("sellable_units", 0, None, "sellable stock is not negative"),
        _between("reserved_units", 0, None, "reserved units are not negative"),
        _between("buffer_units", 0, None, "a buffer is not negative"),
        _holds("is_in_stock.agrees", "is_in_stock = (ats_units > 0)", "an item is in stock exactly when units are available to sell", "ats_units", "is_in_stock"),
    ),
    _mart(
        "demand", "daily", (*_PLACE, "channel_id", "demand_on"),
        _between("lost_units_observed", 0, None, "lost demand is not negative"),
        _plausible("gross_units", "demand is a plausible number, not a code"),
        _old("demand_on", "no day is before the year 2000"),
        grown_by="built_commit_id",
    ),
    _mart(
        "demand", "variance", _PLACE,
        _holds(
            "is_finite", " and ".join(f"isfinite(coalesce(cast({name} as double), 0))" for name in _STATISTICS),
            "every statistic is a finite number", *_STATISTICS,
        ),
        _between("demand_units_sd", 0, None, "a standard deviation is not negative"),
        _between("cv2", 0, None, "a squared coefficient of variation is not negative"),
        _between("adi", 1, None, "the interval between days with demand is at least one day", "warn"),
        _holds("n_valid_days.fits", "n_valid_days between 0 and n_days", "there are no more valid days than days", "n_valid_days", "n_days", severity="warn"),
    ),
    _mart(
        "plan", "lead_times", ("supplier_id", *_PLACE),
        _between("n_receipts", 1, None, "a lead time is based on at least one receipt", "warn"),
        _between("lead_time_days_mean", 0, None, "the mean lead time is not negative: receipts do not come before their orders", "warn"),
        _between("lead_time_days_sd", 0, None, "a standard deviation is not negative"),
        _holds(
            "p90.fits", "lead_time_days_p50 <= lead_time_days_p90", "the median is not above the 90th percentile", "lead_time_days_p50",
            "lead_time_days_p90", severity="warn",
        ),
    ),
    _mart(
        "plan", "safety_stock", _PLACE,
        _holds(
            "service_target_rate.fits", "service_target_rate > 0 and service_target_rate < 1", "a service target is between 0 and 1",
            "service_target_rate", severity="warn",
        ),
        _between("safety_stock_units", 0, ABSURD_UNITS, "safety stock is not negative", "warn"),
    ),
    _mart(
        "plan", "reorder_points", _PLACE,
        _holds(
            "covers_lead_time", "safety_stock_units < 0 or reorder_point_units >= lead_time_demand_units",
            "the reorder point covers the mean demand over the lead time",
            "reorder_point_units", "lead_time_demand_units", "safety_stock_units", severity="warn",
        ),
    ),
    _mart(
        "plan", "reorder_proposals", ("proposal_id", *_PLACE),
        _holds(
            "order_units.multiple", "multiple_units <= 0 or order_units % multiple_units = 0", "a proposed order is a multiple of the supplier's lot",
            "order_units", "multiple_units", severity="warn",
        ),
        _holds(
            "order_units.minimum", "order_units = 0 or order_units >= moq_units", "a proposed order is not below the supplier's minimum",
            "order_units", "moq_units", severity="warn",
        ),
        where="is_latest_run",
    ),
    _mart(
        "kpi", "values", ("kpi_code", "grain_kind", "grain_id", "period_start_on"),
        _holds("value.is_finite", "isfinite(cast(value as double))", "a KPI is a finite number", "value"),
        _between("denominator", 0, None, "the denominator of a KPI is not negative", "warn"),
        _holds("period.fits", "period_end_on >= period_start_on", "a period does not end before it begins", "period_start_on", "period_end_on"),
        _holds(
            "rate.fits", "not regexp_matches(kpi_code, '^(oos_rate|fill_rate|service_rate|line_fill)') or value between 0 and 1",
            "stockout and service rates are between 0 and 1", "value", severity="warn",
        ),
    ),
)  # fmt: skip
