"""What the shops' tills report: the real sales, and simulated mistakes, returns and closings.

Belongs here: the events of `pos`. Does not belong here: the shelves behind them (`stock`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.demand import Choices
from pipelines.simulate.emit import seconds

CLOSINGS_FROM_DAY = 273
"""Till closings are reported from the first of October on."""
EARLY_VOIDS = 6
"""So many of the voids come in a file before the one with their sale."""


def mistakes(choices: Choices, seed: int) -> pl.DataFrame:
    """Simulated lines rung up twice and voided a minute later: a sale and its void each, on line 90 of a real ticket."""
    rng = np.random.default_rng([seed, 8])
    daytime = choices.sales.filter((pl.col("sec") % 86400).is_between(8 * 3600, 23 * 3600)).unique(
        "document_id", keep="first", maintain_order=True
    )
    chosen = daytime.filter(pl.Series(rng.random(daytime.height) < 0.006))
    common = ["shop", "item", "document_id", "register", "quantity", "price_e4"]
    rung = chosen.select(*common, event_kind=pl.lit("sale"), sec=pl.col("sec") + 20, document_line=pl.lit(90, pl.Int32))
    void = chosen.select(*common, event_kind=pl.lit("sale_void"), sec=pl.col("sec") + 75, document_line=pl.lit(90, pl.Int32))
    return pl.concat([rung, void]).sort("sec", "document_id")


def returns(choices: Choices, seed: int) -> pl.DataFrame:
    """Simulated returns of real ticket lines, in the same shop."""
    rng = np.random.default_rng([seed, 9])
    back = choices.shop_returns.with_row_index("number")
    return back.select(
        "shop",
        "item",
        "quantity",
        "price_e4",
        event_kind=pl.lit("return"),
        register=pl.lit("1"),
        document_id=pl.concat_str(pl.lit("R-"), pl.col("number").cast(pl.String).str.zfill(5)),
        document_line=pl.lit(1, pl.Int32),
        sec=pl.Series(seconds(back["back_day"].to_numpy(), 10, 9, rng)),
        ref_document_kind=pl.lit("ticket"),
        ref_document_id="document_id",
        ref_document_line="document_line",
    )


def closings(choices: Choices, lost: pl.DataFrame) -> pl.DataFrame:
    """Simulated closings: units each till sold that day. `lost` are sales that the till made and no file brings whole."""
    sold = pl.concat([choices.sales.select("shop", "register", "day", "quantity"), lost.select("shop", "register", "day", "quantity")])
    totals = (
        sold.filter(pl.col("day") >= CLOSINGS_FROM_DAY)
        .group_by("shop", "register", "day")
        .agg(pl.col("quantity").sum())
        .sort("day", "shop", "register")
    )
    number = pl.concat_str(pl.lit("Z-"), pl.col("day").cast(pl.String))
    return totals.select(
        "shop",
        "register",
        "quantity",
        event_kind=pl.lit("till_close"),
        document_id=number,
        document_line=pl.lit(1, pl.Int32),
        sec=pl.col("day").cast(pl.Int64) * 86400 + 86390,
        business_day="day",
    )
