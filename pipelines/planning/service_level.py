"""Service measures, by name, and the factor that a target turns into.

Three measures share the everyday word "service level" and are never mixed here:

* *cycle service rate* (type 1): share of replenishment cycles that end without a stockout; a target of it gives the factor z.
* *fill rate* (type 2): share of units served from stock at first request.
* on-time rate: share of orders delivered by their promise; measured from documents, not planned here.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import polars as pl

_NORMAL = NormalDist()


def service_factor(cycle_service_rate: pl.Expr) -> pl.Expr:
    """Standard deviations of lead-time demand to hold for a target cycle service rate (type 1).

    z = F^-1(p), F the standard normal distribution.   p: share of cycles, strictly between 0 and 1; z: a pure number
    Null where p is null, not finite, or outside (0, 1): no stock serves every cycle. Negative below one half.
    Assumes lead-time demand is close to normal.
    Source: Silver, Pyke, Thomas, Inventory and Production Management in Supply Chains, 4th ed., chapter 6.

    >>> pl.DataFrame({"p": [0.95, 0.5, 1.0, None]}).select(service_factor(pl.col("p")).round(4)).to_series().to_list()
    [1.6449, 0.0, None, None]
    """
    return cycle_service_rate.cast(pl.Float64).map_batches(_factors, return_dtype=pl.Float64, is_elementwise=True)


def _factors(rates: pl.Series) -> pl.Series:
    """The factor of each rate; each different rate is inverted once, because targets are few and rows are many."""
    different = [rate for rate in rates.unique().to_list() if rate is not None]
    factors = {rate: _NORMAL.inv_cdf(rate) for rate in different if 0 < rate < 1}
    return rates.replace_strict(list(factors), list(factors.values()), default=None, return_dtype=pl.Float64)


def cycle_service_rate(factor: pl.Expr) -> pl.Expr:
    """Share of cycles without a stockout that a factor implies: the inverse of `service_factor`.

    p = F(z), F the standard normal distribution.   z: a pure number; p: 0 to 1
    Null where z is null.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6.

    >>> pl.DataFrame({"z": [1.0, 1.645, None]}).select(cycle_service_rate(pl.col("z")).round(4)).to_series().to_list()
    [0.8413, 0.95, None]
    """
    return factor.cast(pl.Float64).map_batches(_normal_distribution, return_dtype=pl.Float64, is_elementwise=True)


def fill_rate(factor: pl.Expr, lead_time_demand_units_sd: pl.Expr, order_units: pl.Expr) -> pl.Expr:
    """Share of units served from stock when Q units are ordered at a point z deviations above lead-time demand (type 2).

    b = 1 - s * G(z) / Q,   G(z) = f(z) - z * (1 - F(z))      z: a pure number   s, Q: units   b: 0 to 1
    Never below 0. Null where any input is null, Q is not above 0 or s is negative. 1 where s is 0 and z is not negative.
    Assumes normal lead-time demand, backorders, and Q large against them.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6.

    >>> df = pl.DataFrame({"z": [1.645], "s": [20.0], "Q": [100]})
    >>> df.select(fill_rate(*map(pl.col, df.columns)).round(4).alias("b")).item()
    0.9958
    """
    factor = factor.cast(pl.Float64)
    density = (-(factor**2) / 2).exp() / math.sqrt(2 * math.pi)
    loss = density - factor * (1 - cycle_service_rate(factor))
    rate = (1 - lead_time_demand_units_sd * loss / order_units).clip(0, 1)
    return pl.when((order_units > 0) & (lead_time_demand_units_sd >= 0)).then(rate)


def _normal_distribution(factors: pl.Series) -> pl.Series:
    values = factors.to_numpy()
    share = 0.5 * np.vectorize(math.erfc, otypes=[float])(-values / math.sqrt(2)) if len(values) else values
    return pl.Series(factors.name, share, nan_to_null=True)
