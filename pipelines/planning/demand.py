"""Demand over a span of days, from the daily mean and standard deviation that SQL has counted.

Belongs here: scaling daily statistics to the days a stock must last. Does not belong here: the statistics themselves
(`demand.variance` has them, stockout days left out), forecasts.
"""

from __future__ import annotations

import polars as pl


def known_or_null(value: pl.Expr) -> pl.Expr:
    """A measured quantity that cannot be negative, or null where the figure cannot be one.

    Null where the value is null, NaN, infinite or negative: such a figure is unknown, it is not 0. The unit stays.

    >>> pl.DataFrame({"x": [2.0, -1.0, float("nan"), None]}).select(known_or_null(pl.col("x"))).to_series().to_list()
    [2.0, None, None, None]
    """
    value = value.cast(pl.Float64)
    return pl.when(value.is_finite() & (value >= 0)).then(value)


def lead_time_demand_units(demand_units_per_day: pl.Expr, days: pl.Expr) -> pl.Expr:
    """Units expected to be asked for over a number of calendar days.

    D_L = d * L      d: units/day   L: days   D_L: units
    Null where an input is null; 0 where either is 0. The inputs are not negative.
    Assumes a level demand; days without selling are in the daily mean.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6.

    >>> df = pl.DataFrame({"d": [20.0], "L": [5.0]})
    >>> df.select(lead_time_demand_units(pl.col("d"), pl.col("L"))).item()
    100.0
    """
    return demand_units_per_day * days


def lead_time_demand_units_sd(
    demand_units_per_day: pl.Expr, demand_units_per_day_sd: pl.Expr, days: pl.Expr, days_sd: pl.Expr | None = None
) -> pl.Expr:
    """Standard deviation of demand over a lead time, the lead time certain (`days_sd` left out) or uncertain.

    s_LTD = sqrt(L * s_d**2 + d**2 * s_L**2)      d, s_d: units/day   L, s_L: days   s_LTD: units
    Null where an input is null. A lead time of 0 days without spread gives 0.
    Assumes that demand is independent from day to day and of the lead time.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6; the second term left out when L is taken as certain.

    >>> df = pl.DataFrame({"d": [100.0], "sd": [20.0], "L": [48.0], "sL": [12.0]})
    >>> df.select(lead_time_demand_units_sd(*map(pl.col, df.columns)).round(3).alias("s")).item()
    1207.974
    >>> df.select(lead_time_demand_units_sd(*map(pl.col, df.columns[:3])).round(3).alias("s")).item()
    138.564
    """
    variance = days * demand_units_per_day_sd**2
    if days_sd is not None:
        variance = variance + demand_units_per_day**2 * days_sd**2
    return variance.sqrt()
