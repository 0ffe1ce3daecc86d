"""The inventory position: what is there and surely coming, less what is already promised.

Channel buffers are no part of it: they limit what one channel may sell, and counting them would order the same units twice.
"""

from __future__ import annotations

import polars as pl

USE_KINDS = ("useful", "later", "overdue")
"""`useful` counts; `later` comes after the days the order must cover; `overdue` is late beyond its grace."""


def inventory_position_units(
    sellable_units: pl.Expr,
    on_order_units: pl.Expr,
    in_transit_units: pl.Expr,
    awaiting_putaway_units: pl.Expr,
    reserved_units: pl.Expr,
    backorder_units: pl.Expr,
) -> pl.Expr:
    """What a reorder point is compared with.

    IP = sellable + on order + in transit + awaiting putaway - reserved - backordered      all in units
    `on_order_units` and `in_transit_units` are the useful part only (`use`). `awaiting_putaway_units` have been received and
    are on nobody's shelf yet: without them the same need is ordered every night until putaway. Goods held for quality are
    not in it: nobody knows whether they will be released. Stock is never below 0 here: books that are ask for a count.
    Negative where more is promised than there is. Null where an input is null.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6.

    >>> df = pl.DataFrame({"sellable": [45], "on_order": [0], "in_transit": [6], "putaway": [10], "reserved": [4], "backorder": [0]})
    >>> df.select(inventory_position_units(*map(pl.col, df.columns)).alias("ip")).item()
    57
    """
    return sellable_units + on_order_units + in_transit_units + awaiting_putaway_units - reserved_units - backorder_units


def free_units(sellable_units: pl.Expr, reserved_units: pl.Expr, backorder_units: pl.Expr) -> pl.Expr:
    """Units on hand that nobody was promised: what is there before anything comes.

    free = sellable - reserved - backordered      all in units
    Negative where more is promised than there is. Null where an input is null.

    >>> df = pl.DataFrame({"sellable": [45], "reserved": [4], "backorder": [0]})
    >>> df.select(free_units(*map(pl.col, df.columns)).alias("free")).item()
    41
    """
    return sellable_units - reserved_units - backorder_units


def expected_on(promised_on: pl.Expr, due_on: pl.Expr, ordered_on: pl.Expr, lead_time_days: pl.Expr) -> pl.Expr:
    """The day a supply is expected: as promised, else as wanted, else a lead time (rounded up) after its order.

    Null where none of these is known. Lead time in calendar days.

    >>> from datetime import date
    >>> df = pl.DataFrame({"p": [None], "w": [None], "o": [date(2026, 3, 2)], "L": [4.2]}, schema_overrides={"p": pl.Date, "w": pl.Date})
    >>> df.select(expected_on(*map(pl.col, df.columns))).item()
    datetime.date(2026, 3, 7)
    """
    return pl.coalesce(promised_on, due_on, ordered_on + pl.duration(days=lead_time_days.ceil().cast(pl.Int64)))


def use(supply_kind: pl.Expr, expected_on: pl.Expr, as_of_on: pl.Expr, covered_days: pl.Expr, grace_days: pl.Expr) -> pl.Expr:
    """Whether an open supply counts in the position: one of `USE_KINDS`.

    A purchase order (`po`) is `later` when expected after as_of + covered days (lead time and review time, rounded up).
    Goods under way (`asn`, `transfer`) count whenever they come: nobody can order them again. Either is `overdue` when it
    is late by more than its grace: a forgotten document must not hide a stockout. An unknown expected day counts. All in days.

    >>> from datetime import date
    >>> days = [date(2026, 3, 13), date(2026, 3, 14), date(2026, 2, 1), date(2026, 6, 1)]
    >>> df = pl.DataFrame({"kind": ["po", "po", "po", "asn"], "on": days})
    >>> df.select(use(pl.col("kind"), pl.col("on"), pl.lit(date(2026, 3, 8)), pl.lit(5), pl.lit(14))).to_series().to_list()
    ['useful', 'later', 'overdue', 'useful']
    """
    days_ahead = (expected_on - as_of_on).dt.total_days()
    return (
        pl.when(-days_ahead > grace_days)
        .then(pl.lit("overdue"))
        .when((supply_kind == "po") & (days_ahead > covered_days.ceil()))
        .then(pl.lit("later"))
        .otherwise(pl.lit("useful"))
    )
