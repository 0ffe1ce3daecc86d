"""The reorder point, whether it is reached, and what follows."""

from __future__ import annotations

import polars as pl

from pipelines.planning.life import HOLDS


def reorder_point_units(lead_time_demand_units: pl.Expr, safety_stock_units: pl.Expr) -> pl.Expr:
    """The inventory position at which to order.

    ROP = D_L + SS      D_L, SS, ROP: units
    Null where an input is null: an unknown safety stock is not 0. Fractions are kept: the trigger compares, nothing is ordered in them.
    Source: Silver, Pyke, Thomas, 4th ed., chapter 6.

    >>> pl.DataFrame({"D": [500.0], "SS": [300.0]}).select(reorder_point_units(pl.col("D"), pl.col("SS"))).item()
    800.0
    """
    return lead_time_demand_units + safety_stock_units


def is_reached(inventory_position_units: pl.Expr, reorder_point_units: pl.Expr) -> pl.Expr:
    """Whether to order now: the position is at or below the point, and there is something to order for.

    A point of 0 means no demand: it triggers only below 0, when units are promised that nothing covers. The same
    holds where the point is unknown. Never null where the position is known. Units on both sides.

    >>> df = pl.DataFrame({"ip": [800, 801, 0, -3, -3], "rop": [800.0, 800.0, 0.0, 0.0, None]})
    >>> df.select(is_reached(pl.col("ip"), pl.col("rop"))).to_series().to_list()
    [True, False, False, True, True]
    """
    at_or_below = (reorder_point_units > 0) & (inventory_position_units <= reorder_point_units)
    return at_or_below.fill_null(False) | (inventory_position_units < 0)


def needed_units(inventory_position_units: pl.Expr, reorder_point_units: pl.Expr) -> pl.Expr:
    """The least whole number of units that ends the need: it lifts the position above the point, or to 0 where there is none.

    n = floor(ROP - IP) + 1 where ROP > 0;  n = -IP where ROP is 0 or unknown      all units; whole number, at least 0
    One unit above the point, because a position at the point would be ordered for again the next night.

    >>> df = pl.DataFrame({"ip": [800, 45, -3, 5], "rop": [800.0, 132.9, 0.0, None]})
    >>> df.select(needed_units(pl.col("ip"), pl.col("rop"))).to_series().to_list()
    [1, 88, 3, 0]
    """
    above = (reorder_point_units - inventory_position_units).floor().cast(pl.Int64) + 1
    return pl.when(reorder_point_units > 0).then(above).otherwise(-inventory_position_units).clip(lower_bound=0)


DECISIONS = ("order", *HOLDS, "no_terms", "already_ordered", "no_demand", "unknown", "enough")
"""`order`: there is a proposal. Then why an item is not ordered, whatever its position (`life.HOLDS`). `no_terms`: there would be
a proposal, if somebody's terms covered the item. `already_ordered`: what is coming, or received and not put away, lifts the
position above the point. `no_demand`: the point is 0. `unknown`: so is the point. `enough`: above the point."""


def decision(
    has_order: pl.Expr, hold: pl.Expr, inventory_position_units: pl.Expr, free_units: pl.Expr, reorder_point_units: pl.Expr
) -> pl.Expr:
    """What follows: one of `DECISIONS`. Units throughout; `has_order` is not null, `hold` is null where nothing holds the order up.

    >>> df = pl.DataFrame({"order": [True, False, False, False, False, False, False], "hold": [None] * 6 + ["ended"],
    ...     "ip": [5, 5, 50, 3, 3, 50, 5], "free": [5, 5, 5, 3, 3, 50, 5], "rop": [20.0, 20.0, 20.0, 0.0, None, 20.0, 20.0]})
    >>> df.select(decision(*map(pl.col, df.columns))).to_series().to_list()
    ['order', 'no_terms', 'already_ordered', 'no_demand', 'unknown', 'enough', 'ended']
    """
    return (
        pl.when(has_order)
        .then(pl.lit("order"))
        .when(hold.is_not_null())
        .then(hold)
        .when(is_reached(inventory_position_units, reorder_point_units))
        .then(pl.lit("no_terms"))
        .when(is_reached(free_units, reorder_point_units))
        .then(pl.lit("already_ordered"))
        .when(reorder_point_units.is_null())
        .then(pl.lit("unknown"))
        .when(reorder_point_units == 0)
        .then(pl.lit("no_demand"))
        .otherwise(pl.lit("enough"))
    )
