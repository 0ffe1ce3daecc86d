"""What the books must say at the end: the sum of what each event posts, in base units.

Belongs here: the expected stock of the simulation, for whoever compares it with `stock.on_hand`. Does not belong
here: the posting itself (the warehouse's); this is a second, much simpler telling of the same rules.
"""

from __future__ import annotations

import polars as pl

from pipelines.simulate.emit import place_codes
from pipelines.simulate.world import World

_SELL, _DOCK, _BACK, _HELD = "sell", "in_progress", "returned", "non_sellable_other"
# event kind: (stock state, sign) of each physical end; ends at virtual places are left out
_ENDS: dict[str, tuple[tuple[str, int], ...]] = {
    "sale": ((_SELL, -1),),
    "sale_void": ((_SELL, 1),),
    "return": ((_BACK, 1),),
    "opening": ((_SELL, 1),),
    "receipt": ((_DOCK, 1),),
    "putaway": ((_DOCK, -1), (_SELL, 1)),
    "qc_hold": ((_DOCK, -1), (_HELD, 1)),
    "transfer_ship": ((_SELL, -1),),
    "transfer_receive": ((_SELL, 1),),
    "ship": ((_SELL, -1),),
    "void_ship": ((_SELL, 1),),
    "adjust": ((_SELL, 1),),
    "count": ((_SELL, 1),),
    "scrap": ((_SELL, -1),),
    "status_change": ((_SELL, -1), ("damaged", 1)),
    "return_receive": ((_BACK, 1),),
    "return_disposition": ((_BACK, -1), (_SELL, 1)),
}

SELLABLE_SIGNS = {kind: sign for kind, ends in _ENDS.items() for state, sign in ends if state == _SELL}
"""Event kind: what it does to what can be sold where it happens; a `return_disposition` only where the goods go back on sale."""


def settled(world: World, sales: pl.DataFrame, tills: pl.DataFrame, wms: pl.DataFrame) -> pl.DataFrame:
    """Grain: item_code x location_code x stock_state, with on_hand_units; rows of 0 left out.

    A count posts its `difference`; returned goods that are scrapped or given away do not come back on sale.
    """
    columns = ["event_kind", "place", "item", "units"]
    no_count = pl.coalesce("difference", "units")
    pos = [
        sales.select(pl.lit("sale").alias("event_kind"), (pl.col("shop") + 1).alias("place"), "item", units="quantity"),
        tills.filter(pl.col("event_kind").is_in(["sale", "sale_void", "return"])).select(
            "event_kind", (pl.col("shop") + 1).alias("place"), "item", units="quantity"
        ),
    ]
    moved = wms.with_columns(units=no_count)
    events = pl.concat([*(part.select(columns) for part in pos), moved.select(columns)], how="vertical_relaxed")
    gone = moved.filter((pl.col("event_kind") == "return_disposition") & pl.col("to_stock_state").is_null())
    ends = pl.DataFrame(
        [(kind, state, sign) for kind, pairs in _ENDS.items() for state, sign in pairs],
        schema=["event_kind", "stock_state", "sign"],
        orient="row",
    )
    legs = [
        events.join(ends, on="event_kind").select("place", "item", "stock_state", units=pl.col("units") * pl.col("sign")),
        gone.select("place", "item", stock_state=pl.lit(_SELL), units=-pl.col("units")),
    ]
    shelf = pl.when(pl.col("place") == 0).then(pl.lit("sellable_not_accessible")).otherwise(pl.lit("sellable_accessible"))
    return (
        pl.concat(legs, how="vertical_relaxed")
        .group_by("item", "place", "stock_state")
        .agg(on_hand_units=pl.col("units").sum())
        .filter(pl.col("on_hand_units") != 0)
        .with_columns(stock_state=pl.when(pl.col("stock_state") == _SELL).then(shelf).otherwise("stock_state"))
        .pipe(_with_codes, world)
    )


def _with_codes(stock: pl.DataFrame, world: World) -> pl.DataFrame:
    return stock.select(
        item_code=world.items["item_code"].gather(stock["item"].cast(pl.UInt32)),
        location_code=place_codes(world).gather(stock["place"].cast(pl.UInt32)),
        stock_state="stock_state",
        on_hand_units=pl.col("on_hand_units").cast(pl.Int64),
    ).sort("item_code", "location_code", "stock_state")
