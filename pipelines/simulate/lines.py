"""The frames of the simulation as the canonical feeds' fields, and the file that each line goes to.

Belongs here: field names and paths. Does not belong here: how fields become text (`emit`).
Every function returns the fields in order and a `path`; CSV or JSON Lines follows from the path.
"""

from __future__ import annotations

import polars as pl

from pipelines.simulate.emit import clock, date_text, hours_behind, month, place_codes, stamp
from pipelines.simulate.tickets import DAYS
from pipelines.simulate.world import CURRENCY, OTHER_ZONE_SHOP, SUPPLIERS, World

SCAN_SHOPS = (3, 8)
"""Positions of the shops whose tills send the GTIN as scanned, in CSV."""
DAILY_FROM_DAY = DAYS - 7
"""From this day on the tills' files are daily."""
LATE_DAYS = (164, 165)
LATE_SHOP = 0
"""Sales of this shop on these days come in a file of their own, four weeks late."""


def money(ten_thousandths: pl.Expr) -> pl.Expr:
    """Exact decimal text with four places; null stays null."""
    return pl.concat_str((ten_thousandths // 10000).cast(pl.String), pl.lit("."), (ten_thousandths % 10000).cast(pl.String).str.zfill(4))


def _gather(values: pl.Series, at: pl.Series) -> pl.Series:
    return values.gather(at.cast(pl.UInt32))


def sale_fields(world: World, sales: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The real sales, and the file of each: by till system and month, the last week by day."""
    shop, item = sales["shop"], sales["item"]
    is_scan = shop.is_in(list(SCAN_SHOPS))
    is_west = shop == OTHER_ZONE_SHOP
    place = (shop + 1).rename("place")
    written = pl.DataFrame(
        {"local": clock(sales["sec"]), "zoned": stamp(sales["sec"], hours_behind(world, place)), "offset": sales["offset"], "west": is_west}
    )
    # the tickets' own offset, which also tells the two hours of the night in autumn apart
    at = written.select(pl.when("west").then("local").otherwise(pl.concat_str("local", "offset")))["local"]
    codes = pl.DataFrame({"sku": _gather(world.items["item_code"], item), "gtin": _gather(world.items["gtin"], item), "scan": is_scan})
    fields = pl.DataFrame(
        {
            "location_code": _gather(place_codes(world), place),
            "register_no": sales["register"],
            "document_id": sales["document_id"],
            "document_line": sales["document_line"],
            "occurred_at": at,
            # a till scans the 13 digits that are printed
            "item_code": codes.select(pl.when("scan").then(pl.col("gtin").str.slice(1)).otherwise("sku"))["gtin"],
            "item_code_kind": codes.select(pl.when("scan").then(pl.lit("gtin")).alias("kind"))["kind"],
            "quantity": sales["quantity"],
            "unit_price_amount": sales.select(money(pl.col("price_e4")).alias("price"))["price"],
        }
    ).with_columns(
        pl.lit("sale").alias("event_kind"),
        pl.lit(CURRENCY).alias("currency_code"),
        pl.concat_str(pl.lit("HH-"), sales["household"].cast(pl.String)).alias("customer_key"),
        pl.Series("is_promo", sales["promo_code"].is_not_null()),
        pl.Series("campaign_code", sales["promo_code"]),
    )
    fields = fields.select("event_kind", pl.exclude("event_kind")).with_columns(is_promo=pl.when("is_promo").then(True))
    return fields, _sale_paths(sales, is_scan, is_west)


def _sale_paths(sales: pl.DataFrame, is_scan: pl.Series, is_west: pl.Series) -> pl.Series:
    facts = pl.DataFrame(
        {
            "month": month(sales["sec"]),
            "date": date_text(sales["day"]),
            "day": sales["day"],
            "shop": sales["shop"],
            "scan": is_scan,
            "west": is_west,
        }
    )
    packed = pl.when(pl.col("day") < 90).then(pl.lit(".gz")).otherwise(pl.lit(""))
    is_late = (pl.col("shop") == LATE_SHOP) & pl.col("day").is_in(LATE_DAYS)
    return facts.select(
        path=pl.when("west")
        .then(pl.concat_str(pl.lit("pos/completejourney-west/"), "month", pl.lit(".csv")))
        .when("scan")
        .then(pl.concat_str(pl.lit("pos/completejourney-scan/"), "month", pl.lit(".csv"), packed))
        .when(is_late)
        .then(pl.lit("pos/completejourney/2017-07-12-late.jsonl"))
        .when(pl.col("day") >= DAILY_FROM_DAY)
        .then(pl.concat_str(pl.lit("pos/completejourney/"), "date", pl.lit(".jsonl")))
        .otherwise(pl.concat_str(pl.lit("pos/completejourney/"), "month", pl.lit(".jsonl"), packed))
    )["path"]


def till_fields(world: World, tills: pl.DataFrame) -> pl.DataFrame:
    """Simulated till events (`tills`), all shops."""
    place = (tills["shop"] + 1).rename("place")
    business_on = tills["business_day"].cast(pl.Int64) if "business_day" in tills.columns else None
    item = tills["item"] if "item" in tills.columns else None
    return tills.select(
        "event_kind",
        location_code=_gather(place_codes(world), place),
        register_no="register",
        document_id="document_id",
        document_line="document_line",
        occurred_at=stamp(tills["sec"], hours_behind(world, place)),
        business_on=date_text(business_on) if business_on is not None else pl.lit(None, pl.String),
        item_code=_gather(world.items["item_code"], item) if item is not None else pl.lit(None, pl.String),
        quantity="quantity",
        unit_price_amount=money(pl.col("price_e4")) if item is not None else pl.lit(None, pl.String),
        currency_code=pl.lit(CURRENCY) if item is not None else pl.lit(None, pl.String),
        **{name: pl.col(name) for name in ("ref_document_kind", "ref_document_id", "ref_document_line") if name in tills.columns},
    )


def wms_fields(world: World, wms: pl.DataFrame) -> pl.DataFrame:
    """Warehouse events (`events.wms_events`)."""
    sku = _gather(world.items["item_code"], wms["item"])
    to_place = _gather(place_codes(world), wms["to_place"].fill_null(0))
    return wms.with_columns(pl.Series("sku", sku), pl.Series("to_code", to_place)).select(
        "event_kind",
        "source_event_id",
        location_code=_gather(place_codes(world), wms["place"]),
        occurred_at=stamp(wms["sec"], hours_behind(world, wms["place"])),
        item_code=pl.coalesce("gtin", "sku"),
        item_code_kind=pl.when(pl.col("gtin").is_not_null()).then(pl.lit("gtin")),
        quantity="quantity",
        uom_code="uom_code",
        stock_state="stock_state",
        to_stock_state="to_stock_state",
        to_location_code=pl.when(pl.col("to_place").is_not_null()).then("to_code"),
        supplier_code="supplier_code",
        document_kind="document_kind",
        document_id="document_id",
        document_line="document_line",
        ref_document_kind="ref_document_kind",
        ref_document_id="ref_document_id",
        ref_document_line="ref_document_line",
        reason_code="reason_code",
    )


def wms_paths(wms: pl.DataFrame) -> pl.Series:
    """Openings apart, then by month; what is reported late by half-year."""
    return wms.select(
        path=pl.when(pl.col("event_kind") == "opening")
        .then(pl.lit("wms/simulated-wms/2017-01-01-opening.jsonl"))
        .when(pl.col("is_late").fill_null(False))
        .then(
            pl.when(pl.col("sec") < 182 * 86400)
            .then(pl.lit("wms/simulated-wms/2017-07-03-late.jsonl"))
            .otherwise(pl.lit("wms/simulated-wms/2018-01-01-late.jsonl"))
        )
        .otherwise(pl.concat_str(pl.lit("wms/simulated-wms/"), month(wms["sec"]).alias("month"), pl.lit(".jsonl")))
    )["path"]


def supply_fields(world: World, supply: pl.DataFrame) -> pl.DataFrame:
    """Purchase orders and notices (`events.supply_events`)."""
    promised = supply["promised_sec"]
    return supply.with_columns(pl.Series("promised", stamp(promised.fill_null(0)))).select(
        "event_kind",
        "document_kind",
        "document_id",
        "document_line",
        "supplier_code",
        location_code=_gather(place_codes(world), supply["place"]),
        occurred_at=stamp(supply["sec"], hours_behind(world, supply["place"])),
        item_code=_gather(world.items["item_code"], supply["item"]),
        quantity="quantity",
        uom_code="uom_code",
        unit_price_amount=money(pl.col("price_e2") * 100),
        currency_code=pl.lit(CURRENCY),
        promised_at=pl.when(pl.col("promised_sec").is_not_null()).then("promised"),
        ref_document_kind="ref_document_kind",
        ref_document_id="ref_document_id",
        ref_document_line="ref_document_line",
    )


def supplier_stock_fields(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    """What a supplier says it has (`events.supplier_stock`)."""
    return rows.select(
        pl.lit("supplier_stock").alias("event_kind"),
        supplier_code=pl.lit(SUPPLIERS[-1].code),
        occurred_at=stamp(rows["sec"].cast(pl.Int64)),
        item_code=_gather(world.items["item_code"], rows["item"]),
        quantity="quantity",
    )


def order_fields(world: World, orders: pl.DataFrame) -> pl.DataFrame:
    """The real online orders (`channels.order_events`)."""
    return orders.select(
        "event_kind",
        channel_code="channel",
        document_id="document_id",
        document_line="document_line",
        occurred_at=clock(orders["sec"]) + orders["offset"],
        item_code=_gather(world.items["item_code"], orders["item"]),
        quantity="quantity",
        unit_price_amount=money(pl.col("price_e4")),
        currency_code=pl.lit(CURRENCY),
        customer_key=pl.concat_str(pl.lit("HH-"), pl.col("household").cast(pl.String)),
    )


def answer_fields(world: World, events: pl.DataFrame) -> pl.DataFrame:
    """Simulated answers and stock messages of the channels."""
    optional = [name for name in ("document_id", "document_line", "publish_no", "reason_code") if name in events.columns]
    return events.select(
        "event_kind",
        channel_code="channel",
        occurred_at=stamp(events["sec"]),
        item_code=_gather(world.items["item_code"], events["item"]),
        quantity="quantity",
        **{name: pl.col(name) for name in optional},
    )
