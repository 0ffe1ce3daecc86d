"""What the real lines ask of the stock, and what is made of them: returns, cancellations, shipping days.

Belongs here: seeded choices among the real lines. Does not belong here: levels of stock (`stock`).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from pipelines.simulate.stock import Demand
from pipelines.simulate.tickets import DAYS, Tickets
from pipelines.simulate.world import World

SAME_EVENING_RATE = 0.87
"""Of the returns, how many are inspected on the evening of the day they come; the others take one to three days more.
The demo's target for returns back on sale within 24 hours is met in some months and missed in others."""


@dataclasses.dataclass(frozen=True, slots=True)
class Choices:
    """The lines of `Tickets` with what is simulated around them.

    `sales`: with pair. `orders`: sorted by ship_day and item, with fate (`ship`, `customer`, `fraud`), ship_day (from
    `DAYS` on: not yet), row. `shop_returns`, grain returned ticket line: the sale's columns, back_day, put_day,
    outcome (`sell`, `scrap`). `online_returns`, grain returned order line: likewise, outcome also `donate`; put_day
    from `DAYS` on: still waiting for its inspection.
    """

    sales: pl.DataFrame
    orders: pl.DataFrame
    shop_returns: pl.DataFrame
    online_returns: pl.DataFrame


def choose(tickets: Tickets, world: World, lost_rows: list[int], seed: int) -> Choices:
    """Draw what happens to the real lines; `lost_rows` are the sales that never arrive whole (`faults`)."""
    rng = np.random.default_rng([seed, 3])
    sales = tickets.sales.with_row_index("row").filter(~pl.col("row").is_in(lost_rows))
    sales = sales.join(world.pairs.select("pair", "item", "shop"), on=["item", "shop"], how="left", maintain_order="left")
    shop_returns = _returns(sales, 0.0035, "day", 1, 10, ["sell", "scrap"], [0.75, 0.25], rng)
    orders = _with_fate(tickets.orders, rng)
    shipping = orders.filter((pl.col("fate") == "ship") & (pl.col("ship_day") < DAYS))
    online_returns = _returns(shipping, 0.012, "ship_day", 5, 20, ["sell", "scrap", "donate"], [0.8, 0.14, 0.06], rng)
    return Choices(sales, orders, shop_returns, online_returns)


def _with_fate(orders: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Ship the next day, after 20:00 the day after; nothing ships on Sundays (1 January 2017 is one)."""
    draw = rng.random(orders.height)
    fate = np.select([draw < 0.0005, draw < 0.0105], ["fraud", "customer"], "ship")
    ship_day = pl.col("day") + 1 + (pl.col("sec") % 86400 >= 20 * 3600).cast(pl.Int32)
    return (
        orders.with_columns(fate=pl.Series(fate), ship_day=ship_day)
        .with_columns(ship_day=pl.col("ship_day") + (pl.col("ship_day") % 7 == 0).cast(pl.Int32))
        .sort("ship_day", "item", "sec", "document_id", "document_line")
        .with_row_index("row")
    )


def _returns(
    lines: pl.DataFrame, rate: float, day: str, soonest: int, latest: int, outcomes: list[str], odds: list[float], rng: np.random.Generator
) -> pl.DataFrame:
    chosen = lines.filter(pl.Series(rng.random(lines.height) < rate))
    back = chosen[day].to_numpy() + rng.integers(soonest, latest + 1, chosen.height)
    is_slow = rng.random(chosen.height) >= SAME_EVENING_RATE
    put = back + np.where(is_slow, rng.integers(1, 4, chosen.height), 0)
    outcome = rng.choice(np.array(outcomes), chosen.height, p=odds)
    columns = [pl.Series("back_day", back), pl.Series("put_day", put), pl.Series("outcome", outcome)]
    return chosen.with_columns(columns).filter(pl.col("back_day") < DAYS)


def to_demand(choices: Choices, world: World) -> Demand:
    """The arrays that the day loop works on."""
    n_pairs, n_items = world.pairs.height, world.items.height
    shipping = choices.orders.filter(pl.col("fate") == "ship")
    sold = _by_day(choices.sales, "day", "pair", n_pairs)
    shop, online = (
        table.filter((pl.col("outcome") == "sell") & (pl.col("put_day") < DAYS)) for table in (choices.shop_returns, choices.online_returns)
    )
    return Demand(
        sold=sold,
        ship_day=shipping["ship_day"].to_numpy().astype(np.int64),
        ship_item=shipping["item"].to_numpy().astype(np.int64),
        ship_units=shipping["quantity"].to_numpy().astype(np.int64),
        must_ship=shipping["row"].is_in(choices.online_returns["row"].to_list()).to_numpy(),
        back_in_shop=_by_day(shop, "put_day", "pair", n_pairs),
        back_in_dc=_by_day(online, "put_day", "item", n_items),
    )


def _by_day(lines: pl.DataFrame, day: str, key: str, width: int) -> np.ndarray:
    """Units by day x key."""
    table = np.zeros((DAYS, width), np.int32)
    np.add.at(table, (lines[day].to_numpy(), lines[key].to_numpy()), lines["quantity"].to_numpy())
    return table
