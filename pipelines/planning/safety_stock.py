"""Safety stock: what is held against uncertain demand and uncertain lead time, and by which method.

Not here: channel buffers (availability) and stock physically set aside (a stock state); the words are alike, the things are not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

import polars as pl

from pipelines.planning.demand import lead_time_demand_units_sd

STEADY_CLASSES = ("smooth", "erratic")
"""Demand classes that sell often enough for lead-time variance to be judged by the combined formula."""


@dataclasses.dataclass(frozen=True, slots=True)
class Method:
    """A way to hold safety stock.

    `formula`: the deviation of demand over the lead time, from demand per day, its deviation, the days covered and the
    deviation of the lead time (units/day, units/day, days, days; a result in units). `needs`: which of the deviations must
    be known, by the columns of the plan. `label_key`: its words in the catalogue, where `explain.safety.<name>` writes the
    formula out. `is_held`: whether anything is held at all. `suits`: the demand classes for which `auto` takes it (empty: all).
    """

    formula: Callable[[pl.Expr, pl.Expr, pl.Expr, pl.Expr], pl.Expr]
    needs: tuple[str, ...]
    label_key: str
    is_held: bool = True
    suits: tuple[str, ...] = ()


def _certain(demand: pl.Expr, demand_sd: pl.Expr, days: pl.Expr, _: pl.Expr) -> pl.Expr:
    return lead_time_demand_units_sd(demand, demand_sd, days)


METHODS: Final[dict[str, Method]] = {
    # none held; the deviation is there to be seen
    "simple": Method(_certain, (), "method.simple", is_held=False),
    # against demand over a certain lead time
    "normal_ltd": Method(_certain, ("demand_units_per_day_sd",), "method.normal_ltd"),
    # against demand and lead time
    "combined": Method(
        lead_time_demand_units_sd, ("demand_units_per_day_sd", "lead_time_days_sd"), "method.combined", suits=STEADY_CLASSES
    ),
}
"""Every method, from the one that asks least of the data to the one that asks most; the first needs nothing but demand."""

AUTO: Final = "auto"
"""In a policy: the last of `METHODS` that the data carry and that suits the demand."""


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
    """Which of `METHODS` holds: what the policy wants as far as the data carry it.

    What is wanted, or the nearest before it whose needs are known. `wanted` null or `auto`: the last whose needs are known
    and that suits the demand class (a deviation of the lead time is only given from enough receipts). Null where demand
    is unknown: no method then.
    Source: the ladder of methods; ignoring lead-time variance is the common fault it guards against.

    >>> df = pl.DataFrame({"w": ["auto", "auto", "combined", "auto"], "d": [1.0, 1.0, 1.0, None], "sd": [2.0, None, 2.0, 2.0],
    ...     "sL": [1.0, 1.0, None, 1.0], "c": ["smooth", "smooth", "lumpy", "smooth"]})
    >>> df.select(method(*map(pl.col, df.columns))).to_series().to_list()
    ['combined', 'simple', 'normal_ltd', None]
    """
    wanted = wanted.fill_null(AUTO)  # a policy without a wish leaves the choice to the data
    known = {"demand_units_per_day_sd": demand_units_per_day_sd.is_not_null(), "lead_time_days_sd": lead_time_days_sd.is_not_null()}
    names = list(METHODS)
    steps = []
    for place in reversed(range(len(names))):
        one = METHODS[names[place]]
        # An unknown class is not known to suit.
        suits = demand_class.is_in(one.suits).fill_null(False) if one.suits else pl.lit(True)
        is_wanted = wanted.is_in(names[place:]) | ((wanted == AUTO) & suits)
        carried = pl.all_horizontal([demand_units_per_day.is_not_null(), is_wanted, *(known[need] for need in one.needs)])
        steps.append(pl.when(carried).then(pl.lit(names[place])))
    return pl.coalesce(steps)


def spread(
    method: pl.Expr,
    demand_units_per_day: pl.Expr,
    demand_units_per_day_sd: pl.Expr,
    covered_days: pl.Expr,
    lead_time_days_sd: pl.Expr,
) -> pl.Expr:
    """The deviation of demand over the days covered, by the formula of the method; of no method, over a certain lead time. Units."""
    terms = (demand_units_per_day, demand_units_per_day_sd, covered_days, lead_time_days_sd)
    by_method = [pl.when(method == name).then(one.formula(*terms)) for name, one in METHODS.items()]
    return pl.coalesce([*by_method, pl.when(method.is_null()).then(_certain(*terms))])


def held_units(method: pl.Expr, wanted: pl.Expr, service_factor: pl.Expr, lead_time_demand_units_sd: pl.Expr) -> pl.Expr:
    """What is held: by the method's deviation, 0 where the policy wants none held, null (unknown) where it wants some and none is known.

    A target below one half asks for less than the mean; stock held against uncertainty is not negative. Units.

    >>> df = pl.DataFrame({"m": ["combined", "simple", "simple"], "w": ["auto", "simple", "auto"], "z": [1.645] * 3, "s": [20.0, 20.0, None]})
    >>> df.select(held_units(*map(pl.col, df.columns)).alias("ss")).to_series().to_list()
    [32.9, 0.0, None]
    """
    held = from_spread(service_factor, lead_time_demand_units_sd).clip(lower_bound=0)
    return pl.when(~is_none_held(method)).then(held).when(is_none_held(wanted)).then(0.0)


def is_none_held(method: pl.Expr) -> pl.Expr:
    """Whether a method holds no stock at all; null where there is no method."""
    return method.is_in([name for name, one in METHODS.items() if not one.is_held])


def reason(
    method: pl.Expr,
    wanted: pl.Expr,
    lead_time_days_sd: pl.Expr,
    n_valid_days: pl.Expr,
    n_receipts: pl.Expr,
    min_receipts: pl.Expr,
    demand_class: pl.Expr,
) -> pl.Expr:
    """Why this method, in a few words: as wanted, or which of the needs of the others is not there.

    >>> df = pl.DataFrame({"m": ["normal_ltd", "simple", "simple"], "w": ["auto", "auto", "simple"], "sL": [None, 1.0, None], "days": [90, 1, 90],
    ...     "n": [None, 6, None], "least": [5] * 3, "c": ["smooth"] * 3}, schema_overrides={"sL": pl.Float64, "n": pl.Int64})
    >>> df.select(reason(*map(pl.col, df.columns))).to_series().to_list()
    ['fewer than 5 receipts', 'the variation of demand is unknown, seen on 1 days', 'as the policy says']
    """
    days = n_valid_days.fill_null(0)
    needs_receipts = method.is_in([name for name, one in METHODS.items() if "lead_time_days_sd" in one.needs])
    return (
        pl.when(method.is_null())
        .then(pl.format("no demand is known, seen on {} days", days))
        .when(method == wanted)
        .then(pl.lit("as the policy says"))
        .when(is_none_held(method))
        .then(pl.format("the variation of demand is unknown, seen on {} days", days))
        .when(needs_receipts)
        .then(pl.format("{} receipts and {} demand", n_receipts, demand_class))
        .when(lead_time_days_sd.is_null())
        .then(pl.format("fewer than {} receipts", min_receipts))
        .otherwise(pl.format("{} demand", demand_class.fill_null("unclassified")))
    )
