"""Items that follow others: the new one is planned on the demand of the old one until it has a history of its own.

Belongs here: whose demand an item is planned on, and who follows an item. Does not belong here: that what is followed is no
longer ordered (`life`), or merges, which make two items one in the ledger.
"""

from __future__ import annotations

from typing import Final

import polars as pl

OWN_HISTORY_DAYS: Final = 28
"""Days in stock from which an item is planned on its own demand: four of each weekday."""

_LONGEST_CHAIN: Final = 4
"""An item may follow one that follows another, so many times."""

_KEY: Final = ["item_id", "location_id"]


def with_inherited(demand: pl.DataFrame, successions: pl.DataFrame) -> pl.DataFrame:
    """Grain: item x location, as in `demand`, and of items that follow others also where only those had demand.

    `successions`: item_id is followed by related_item_id. An item with fewer than `OWN_HISTORY_DAYS` valid days has the
    demand of the item it follows, if that was seen on more days; `demand_of_item_id` names it, and is null for its own.
    """
    followed = successions.select(pl.col("item_id"), pl.col("related_item_id"), pl.col("priority").alias("_priority"))
    demand = demand.with_columns(pl.lit(None, pl.Int64).alias("demand_of_item_id"), pl.lit(None, pl.Int64).alias("_priority"))
    for _ in range(0 if successions.is_empty() else _LONGEST_CHAIN):
        handed_on = (
            demand.drop("_priority")
            .join(followed, on="item_id", how="inner")
            .with_columns(
                pl.coalesce("demand_of_item_id", "item_id").alias("demand_of_item_id"), pl.col("related_item_id").alias("item_id")
            )
            .filter(pl.col("item_id") != pl.col("demand_of_item_id"))
            .select(demand.columns)
        )
        is_own = pl.col("demand_of_item_id").is_null()
        demand = (
            pl.concat([demand, handed_on])
            .with_columns((is_own & (pl.col("n_valid_days") >= OWN_HISTORY_DAYS)).fill_null(False).alias("_is_enough"), is_own.alias("_is_own"))
            .sort(
                *_KEY, "_is_enough", "n_valid_days", "_is_own", "_priority", "demand_of_item_id",
                descending=[False, False, True, True, True, False, False], nulls_last=True,
            )
            .unique(_KEY, keep="first", maintain_order=True)
            .drop("_is_enough", "_is_own")
        )  # fmt: skip
    return demand.drop("_priority")


def followers(successions: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Grain: item_id that is followed: `followed_by`, the code of what follows it, the first by priority."""
    codes = items.select(pl.col("item_id").alias("related_item_id"), pl.col("item_code").alias("followed_by"))
    return (
        successions.join(codes, on="related_item_id", how="left")
        # An item that nobody has named yet is still one.
        .with_columns(pl.col("followed_by").fill_null(pl.col("related_item_id").cast(pl.String)))
        .sort("item_id", "priority", "followed_by", nulls_last=True)
        .unique("item_id", keep="first", maintain_order=True)
        .select("item_id", "followed_by")
    )
