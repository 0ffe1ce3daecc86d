"""The orders to propose: one row an order, ranked by what runs out first."""

from __future__ import annotations

import polars as pl

from pipelines.planning.explain import number


def proposals(items: pl.DataFrame) -> pl.DataFrame:
    """Grain: item x location x supplier. Items that `policy.plan` orders, with `priority_rank` 1 for the most urgent.

    Rank: fewest days of cover from what is free on hand, then the greatest demand in money a day, then the ids. An
    unknown cover comes last. Cover in days, null where demand is unknown and something is left. `why` repeats the
    item's terms and the order.
    """
    demand_amount_per_day = pl.col("demand_units_per_day_mean") * pl.col("unit_cost_amount").cast(pl.Float64)
    cover = pl.col("cover_days_left")
    urgency = pl.format("Free stock lasts {} days. ", number(cover, 1))
    return (
        items.filter(pl.col("order_units") > 0)
        .with_columns(demand_amount_per_day.alias("_amount"))
        .sort("cover_days_left", "_amount", "item_id", "location_id", descending=[False, True, False, False], nulls_last=True)
        .with_columns(
            pl.int_range(1, pl.len() + 1).alias("priority_rank"),
            cover.alias("cover_days"),
            pl.lit("proposed").alias("status"),
            pl.concat_str(urgency, pl.col("why")).alias("why"),
        )
        .drop("_amount")
    )
