"""Safety stock: what is held against uncertain demand and uncertain lead time, and by which method.

Not here: channel buffers (availability) and stock physically set aside (a stock state); the words are alike, the things are not.
"""

from __future__ import annotations

import polars as pl

from pipelines.planning.demand import lead_time_demand_units_sd

METHODS = ("simple", "normal_ltd", "combined")
"""`simple`: none held. `normal_ltd`: against demand over a certain lead time. `combined`: against demand and lead time."""

STEADY_CLASSES = ("smooth", "erratic")
"""Demand classes that sell often enough for lead-time variance to be judged by the combined formula."""


def safety_stock_units(
    service_factor: pl.Expr,
    demand_units_per_day: pl.Expr,
    demand_units_per_day_sd: pl.Expr,
    lead_time_days: pl.Expr,
    lead_time_days_sd: pl.Expr,
) -> pl.Expr:
    """Units to hold against uncertain demand and an uncertain lead time (method `combined`).

    SS = z * sqrt(L * s_d**2 + d**2 * s_L**2)      z: a pure number   d, s_d: units/day   L, s_L: days   SS: units
    Null where any input is null. Negative where z is (a target below one half).
    Assumes that demand is independent from day to day and of the lead time, and their sum close to normal.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6.

    >>> df = pl.DataFrame({"z": [1.645], "d": [20.0], "sd": [5.0], "L": [9.0], "sL": [2.0]})
    >>> df.select(safety_stock_units(*map(pl.col, df.columns)).round(3).alias("ss")).item()
    70.274
    """
    spread = lead_time_demand_units_sd(demand_units_per_day, demand_units_per_day_sd, lead_time_days, lead_time_days_sd)
    return from_spread(service_factor, spread)


def from_spread(service_factor: pl.Expr, lead_time_demand_units_sd: pl.Expr) -> pl.Expr:
    """Units to hold, from the deviation of lead-time demand however it was found (method `normal_ltd` among others).

    SS = z * s_LTD      z: a pure number   s_LTD, SS: units
    Null where an input is null; 0 where the deviation is 0; negative where z is.
    Assumes lead-time demand close to normal.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6.

    >>> df = pl.DataFrame({"z": [1.645], "s": [20.0]})
    >>> df.select(from_spread(pl.col("z"), pl.col("s"))).item()
    32.9
    """
    return service_factor * lead_time_demand_units_sd


def method(
    wanted: pl.Expr,
    demand_units_per_day: pl.Expr,
    demand_units_per_day_sd: pl.Expr,
    lead_time_days_sd: pl.Expr,
    demand_class: pl.Expr,
) -> pl.Expr:
    """Which method holds: what the policy wants as far as the data carry it.

    `wanted` null or `auto`: `combined` where the lead time's deviation is known (it is only given from enough receipts)
    and demand is smooth or erratic, else `normal_ltd`. Whatever is wanted, no deviation of demand leaves `simple`,
    and no deviation of the lead time leaves `normal_ltd`. Null where demand is unknown: no method then.
    Source: the ladder of methods; ignoring lead-time variance is the common fault it guards against.

    >>> df = pl.DataFrame({"w": ["auto", "auto", "combined", "auto"], "d": [1.0, 1.0, 1.0, None], "sd": [2.0, None, 2.0, 2.0],
    ...     "sL": [1.0, 1.0, None, 1.0], "c": ["smooth", "smooth", "lumpy", "smooth"]})
    >>> df.select(method(*map(pl.col, df.columns))).to_series().to_list()
    ['combined', 'simple', 'normal_ltd', None]
    """
    wanted = wanted.fill_null("auto")  # a policy without a wish leaves the choice to the data
    steady = demand_class.is_in(STEADY_CLASSES).fill_null(False)  # an unknown class is not known to be steady
    return (
        pl.when(demand_units_per_day.is_null())
        .then(None)
        .when((wanted == "simple") | demand_units_per_day_sd.is_null())
        .then(pl.lit("simple"))
        .when((wanted == "normal_ltd") | lead_time_days_sd.is_null())
        .then(pl.lit("normal_ltd"))
        .when((wanted == "combined") | steady)
        .then(pl.lit("combined"))
        .otherwise(pl.lit("normal_ltd"))
    )
