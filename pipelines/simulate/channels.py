"""What the online channels report: the real orders, and simulated cancellations, returns and stock messages.

Belongs here: the events of `marketplace`. Does not belong here: the shipments (`events`), which the warehouse reports.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.demand import Choices
from pipelines.simulate.stock import Year
from pipelines.simulate.tickets import DAYS, ONLINE_CHANNELS
from pipelines.simulate.world import World

PUBLISHED_ITEMS = 60
PUBLISHED_DAYS = (*range(274, DAYS, 7), 363, 364)
"""Mondays of the last quarter, and the year's last two days."""
LATENCY_SECONDS = {"web": 60, "market-a": 240, "market-b": 600}


def order_events(choices: Choices) -> pl.DataFrame:
    """The real order lines, grain: line."""
    return choices.orders.sort("sec", "document_id", "document_line").select(
        "channel",
        "item",
        "sec",
        "offset",
        "document_id",
        "document_line",
        "quantity",
        "price_e4",
        "household",
        event_kind=pl.lit("order_placed"),
    )


def answer_events(choices: Choices, year: Year, seed: int) -> pl.DataFrame:
    """Simulated cancellations (by the customer, as fraud, for want of stock), return requests and refunds."""
    rng = np.random.default_rng([seed, 6])
    common = ["channel", "item", "document_id", "document_line", "quantity"]
    gone = choices.orders.filter(pl.col("fate") != "ship")
    soon = pl.Series(rng.integers(600, 3000, gone.height))
    cancelled = gone.select(*common, event_kind=pl.lit("order_cancelled"), sec=pl.col("sec") + soon, reason_code="fate")
    shipping = choices.orders.filter(pl.col("fate") == "ship").with_columns(is_shipped=pl.Series(year.is_shipped))
    short = shipping.filter(~pl.col("is_shipped") & (pl.col("ship_day") < DAYS))
    lost = short.select(
        *common, event_kind=pl.lit("order_cancelled"), sec=pl.col("ship_day").cast(pl.Int64) * 86400 + 63000, reason_code=pl.lit("stock")
    )
    back = choices.online_returns
    asked = back.select(*common, event_kind=pl.lit("return_requested"), sec=(pl.col("back_day") - 3) * 86400 + 54000)
    paid = back.filter(pl.col("put_day") < DAYS).select(*common, event_kind=pl.lit("refund"), sec=pl.col("put_day") * 86400 + 75600)
    events = pl.concat([cancelled, lost, asked, paid], how="diagonal_relaxed")
    return events.filter(pl.col("sec") < DAYS * 86400).sort("sec", "document_id", "document_line")


def stock_messages(world: World, choices: Choices, year: Year, seed: int) -> pl.DataFrame:
    """What was sent to the channels and what they show since when; on the last days one marketplace falls behind."""
    rng = np.random.default_rng([seed, 7])
    best = choices.orders.group_by("item").len().sort("len", "item", descending=[True, False]).head(PUBLISHED_ITEMS)["item"].to_list()
    rows = pl.DataFrame(
        [
            (code, item, number, day * 86400 + 6 * 3600 + place, max(0, int(year.dc_levels[day - 1, item])))
            for number, day in enumerate(PUBLISHED_DAYS, 1)
            for code, _, _ in ONLINE_CHANNELS
            for place, item in enumerate(best)
        ],
        schema={"channel": pl.String, "item": pl.Int32, "publish_no": pl.Int64, "sec": pl.Int64, "quantity": pl.Int64},
        orient="row",
    )
    usual = rows["channel"].replace_strict(LATENCY_SECONDS).to_numpy()
    rows = rows.with_columns(
        latency=pl.Series((usual * rng.lognormal(0, 0.5, rows.height)).astype(np.int64) + 5), chance=pl.Series(rng.random(rows.height))
    )
    sent = rows.select("channel", "item", "publish_no", "sec", "quantity", event_kind=pl.lit("stock_published"))
    falls_behind = (pl.col("channel") == "market-b") & (pl.col("publish_no") > len(PUBLISHED_DAYS) - 2) & (pl.col("chance") < 0.4)
    is_refused = ~falls_behind & (pl.col("chance") > 0.985)
    shown = rows.filter(~falls_behind & ~is_refused).select(
        "channel", "item", "publish_no", "quantity", sec=pl.col("sec") + pl.col("latency"), event_kind=pl.lit("stock_ack")
    )
    refused = rows.filter(is_refused).select(
        "channel",
        "item",
        "publish_no",
        "quantity",
        sec=pl.col("sec") + 30,
        event_kind=pl.lit("stock_publish_failed"),
        reason_code=pl.lit("timeout"),
    )
    return pl.concat([sent, shown, refused], how="diagonal_relaxed").sort("sec", "channel", "item", maintain_order=True)
