"""An item's life on sale: when it is no longer ordered, not yet, or only for the days that are left.

Belongs here: which of these holds, and what the last day leaves to sell. Does not belong here: who follows whom (`succession`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

ENDS: Final = ("ended", "phase_out", "followed")
"""Nothing is ordered any more: past its last day of sale, on its way out, or followed by another item."""

HOLDS: Final = (*ENDS, "not_launched", "ends_before_arrival", "ends_soon")
"""Why an item is not ordered, whatever its position. `not_launched`: its first day of sale lies beyond the days an order covers.
`ends_before_arrival`: an order would come after its last day of sale. `ends_soon`: what is still to be sold is less than the least order."""


def hold(
    lifecycle: pl.Expr,
    launched_on: pl.Expr,
    ended_on: pl.Expr,
    followed_by: pl.Expr,
    as_of_on: pl.Expr,
    covered_days: pl.Expr,
    arrival_on: pl.Expr,
) -> pl.Expr:
    """Why nothing is ordered: one of `HOLDS` but `ends_soon`; null where the item may be ordered.

    `ended_on` is the last day of sale, `arrival_on` the day on which an order of now would come; unknown days hold nothing up.
    `lifecycle` counts in any case of letters. Covered days: calendar days.

    >>> from datetime import date
    >>> day = lambda n: date(2026, 11, n)
    >>> rows = [("active", None, day(28), None), ("Phase_Out", None, None, None), ("active", None, None, "TEA-2"),
    ...     ("new", date(2027, 1, 1), None, None), ("active", None, day(30), None), ("active", None, None, None)]
    >>> df = pl.DataFrame(rows, schema={"life": pl.String, "from": pl.Date, "to": pl.Date, "by": pl.String}, orient="row")
    >>> df.select(hold(*map(pl.col, df.columns), pl.lit(day(29)), pl.lit(5.0), pl.lit(date(2026, 12, 4)))).to_series().to_list()
    ['ended', 'phase_out', 'followed', 'not_launched', 'ends_before_arrival', None]
    """
    stage = lifecycle.str.to_lowercase()
    return (
        pl.when((ended_on < as_of_on) | (stage == "ended"))
        .then(pl.lit("ended"))
        .when(stage == "phase_out")
        .then(pl.lit("phase_out"))
        .when(followed_by.is_not_null())
        .then(pl.lit("followed"))
        .when((launched_on - as_of_on).dt.total_days() > covered_days.ceil())
        .then(pl.lit("not_launched"))
        .when(arrival_on > ended_on)
        .then(pl.lit("ends_before_arrival"))
    )


def still_sold_units(demand_units_per_day: pl.Expr, ended_on: pl.Expr, as_of_on: pl.Expr, inventory_position_units: pl.Expr) -> pl.Expr:
    """Units that are still to be sold beyond what is there and coming, until the last day of sale; null where there is no such day.

    n = ceil(d * days left) - IP, at least 0      d: units/day   days left: today and the last day included   IP, n: units
    No safety stock in it: at the end it is better to run out than to keep what nobody buys.

    >>> from datetime import date
    >>> df = pl.DataFrame({"d": [5.0, 5.0], "to": [date(2026, 12, 4), None], "of": [date(2026, 11, 30)] * 2, "ip": [10, 10]})
    >>> df.select(still_sold_units(*map(pl.col, df.columns))).to_series().to_list()
    [15, None]
    """
    days_left = (ended_on - as_of_on).dt.total_days() + 1
    return ((demand_units_per_day * days_left).ceil().cast(pl.Int64) - inventory_position_units).clip(lower_bound=0)
