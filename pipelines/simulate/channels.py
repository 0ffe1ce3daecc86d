"""What the online channels report: the real orders, and simulated cancellations, returns and stock messages.

Belongs here: the events of `marketplace`. Does not belong here: the shipments (`events`), which the warehouse reports.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.demand import Choices
from pipelines.simulate.settled import SELLABLE_SIGNS
from pipelines.simulate.stock import Year
from pipelines.simulate.tickets import DAYS, ONLINE_CHANNELS

PUBLISHED_ITEMS = 60
PUBLISHED_DAYS = 14
"""The year's last days: from then on the channels are told of every change at the distribution centre, seconds after it."""
BEHIND_DAYS = 2
"""The last of them, when one marketplace falls behind."""
LATENCY_SECONDS = {"web": 20, "market-a": 60, "market-b": 90}
"""Median time until a channel shows what it was told; the demo's target of 300 seconds is met until the last days."""


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


def stock_messages(choices: Choices, wms: pl.DataFrame, seed: int) -> pl.DataFrame:
    """What was sent to the channels and what they show since when; on the last days one marketplace falls behind.

    `wms` is what the warehouse reports (`events.wms_events`).
    """
    rng = np.random.default_rng([seed, 7])
    levels = _levels(wms, _best_items(choices))
    to = pl.DataFrame({"channel": [code for code, _, _ in ONLINE_CHANNELS]})
    rows = levels.join(to, how="cross", maintain_order="left_right")
    usual = rows["channel"].replace_strict(LATENCY_SECONDS).to_numpy()
    rows = rows.with_columns(
        sec=pl.col("sec") + pl.Series(rng.integers(5, 30, rows.height)),
        latency=pl.Series((usual * rng.lognormal(0, 0.5, rows.height)).astype(np.int64) + 5),
        chance=pl.Series(rng.random(rows.height)),
    )
    sent = rows.select("channel", "item", "publish_no", "sec", "quantity", event_kind=pl.lit("stock_published"))
    falls_behind = (pl.col("channel") == "market-b") & (pl.col("sec") >= (DAYS - BEHIND_DAYS) * 86400) & (pl.col("chance") < 0.4)
    is_refused = ~falls_behind & (pl.col("chance") > 0.997)
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
    messages = pl.concat([sent, shown, refused], how="diagonal_relaxed").filter(pl.col("sec") < DAYS * 86400)
    return messages.sort("sec", "channel", "item", "publish_no", maintain_order=True)


def _best_items(choices: Choices) -> list[int]:
    """The items that are ordered most, by their positions."""
    return choices.orders.group_by("item").len().sort("len", "item", descending=[True, False]).head(PUBLISHED_ITEMS)["item"].to_list()


def _levels(wms: pl.DataFrame, items: list[int]) -> pl.DataFrame:
    """What the centre can sell of these items, grain: item x second with a change, and the morning on which publishing begins."""
    is_gone = (pl.col("event_kind") == "return_disposition") & pl.col("to_stock_state").is_null()
    here = wms.filter((pl.col("place") == 0) & pl.col("item").is_in(items) & pl.col("event_kind").is_in(list(SELLABLE_SIGNS)) & ~is_gone)
    change = pl.coalesce("difference", "units") * pl.col("event_kind").replace_strict(SELLABLE_SIGNS)
    steps = here.group_by("item", "sec").agg(units=change.sum()).filter(pl.col("units") != 0).sort("item", "sec")
    levels = steps.select("item", "sec", quantity=pl.col("units").cum_sum().over("item").clip(0))
    begin = (DAYS - PUBLISHED_DAYS) * 86400 + 6 * 3600
    first = levels.filter(pl.col("sec") <= begin).group_by("item").agg(quantity=pl.col("quantity").last(), sec=pl.lit(begin))
    later = levels.filter(pl.col("sec") > begin)
    told = pl.concat([first.select(later.columns), later], how="vertical_relaxed").sort("sec", "item")
    return told.with_columns(publish_no=pl.int_range(1, pl.len() + 1))
