"""The simulated surroundings of the real tickets: places, suppliers, terms, packs, and the reference files that say so.

Belongs here: what stays the same all year. Does not belong here: what happens on a day (`stock`, `events`).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.simulate.tickets import ONLINE_CHANNELS, Tickets

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COMPANY_PREFIX = "9521000"
"""GS1 keeps numbers that begin with 952 for demonstrations, so these GTINs and GLNs belong to nobody."""
DC = "DC-EAST"
HOME_ZONE = "America/New_York"
OTHER_ZONE = "America/Chicago"
OTHER_ZONE_SHOP = 5
"""Position of the shop that the world puts into another zone, and whose tills write no zone."""
CURRENCY = "USD"
PERISHABLE = ("PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "PASTRY", "FLORAL", "SEAFOOD-PCKGD")


@dataclasses.dataclass(frozen=True, slots=True)
class Supplier:
    """One simulated supplier.

    `late_days` is how late it may be, at `late_rate` of its deliveries; `order_cost` in tenths of a dollar; `in_cases`:
    orders are in cases; `by_case_gtin`: receipts name the case's GTIN; `sends_notices`: an ASN before each delivery;
    `is_direct`: delivers to the shops as well; after `last_order_day` buyers order there only what coming sales need.
    """

    code: str
    name: str
    lead_days: int
    late_days: int
    late_rate: float
    order_cost: int
    in_cases: bool = False
    by_case_gtin: bool = False
    sends_notices: bool = True
    is_direct: bool = False
    last_order_day: int = 400


SUPPLIERS = (
    Supplier("S-DAIRY", "Dairy, direct to shops", 2, 1, 0.05, 12, sends_notices=False, is_direct=True),
    Supplier("S-BAKERY", "Bakery, direct to shops", 1, 1, 0.04, 10, sends_notices=False, is_direct=True),
    Supplier("S-DRINKS", "Drinks, direct to shops", 4, 2, 0.08, 18, is_direct=True, last_order_day=353),
    Supplier("S-SNACKS", "Snacks, direct to shops", 5, 2, 0.10, 15, sends_notices=False, is_direct=True),
    Supplier("S-DRY-1", "Dry goods 1", 5, 2, 0.10, 35, in_cases=True),
    Supplier("S-DRY-2", "Dry goods 2", 7, 3, 0.15, 35),
    Supplier("S-DRY-3", "Dry goods 3", 7, 2, 0.10, 40, in_cases=True),
    Supplier("S-DRY-4", "Dry goods 4", 9, 5, 0.35, 40, last_order_day=346),
    Supplier("S-DRY-5", "Dry goods 5", 10, 3, 0.15, 45, in_cases=True, by_case_gtin=True),
    Supplier("S-DRY-6", "Dry goods 6", 14, 6, 0.25, 60),
    Supplier("S-FROZEN", "Frozen food", 6, 2, 0.10, 55, in_cases=True),
    Supplier("S-DRUG-1", "Drug store goods 1", 10, 4, 0.20, 40),
    Supplier("S-DRUG-2", "Drug store goods 2", 16, 7, 0.30, 45, in_cases=True, last_order_day=340),
    Supplier("S-FRESH-1", "Produce 1", 2, 1, 0.05, 20),
    Supplier("S-FRESH-2", "Produce 2, overseas", 4, 2, 0.15, 30),
    Supplier("S-MEAT", "Meat and fish", 3, 1, 0.08, 25),
    Supplier("S-DELI", "Delicatessen", 3, 1, 0.08, 25, in_cases=True, by_case_gtin=True),
    Supplier("S-OTHER", "Everything else", 12, 5, 0.25, 45),
)
DIRECT_CATEGORIES = {
    "FLUID MILK PRODUCTS": "S-DAIRY",
    "MILK BY-PRODUCTS": "S-DAIRY",
    "YOGURT": "S-DAIRY",
    "EGGS": "S-DAIRY",
    "BAKED BREAD/BUNS/ROLLS": "S-BAKERY",
    "BAKED SWEET GOODS": "S-BAKERY",
    "SOFT DRINKS": "S-DRINKS",
    "WATER - CARBONATED/FLVRD DRINK": "S-DRINKS",
    "ISOTONIC DRINKS": "S-DRINKS",
    "BAG SNACKS": "S-SNACKS",
}


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """What stays the same all year.

    `items`, grain item: the tickets' columns and item_code, gtin, case_gtin, case_units, supplier (position in
    `SUPPLIERS`), cost_e2 (cents), is_direct. `pairs`, grain shop x item that the shop carries, sorted by item, shop:
    pair, item, shop, is_direct, pack (units of one transfer or order step). `shop_codes`, `shop_zones` by position.
    `late_items`: positions of the items whose reference row comes in a later file.
    """

    items: pl.DataFrame
    pairs: pl.DataFrame
    shop_codes: list[str]
    shop_zones: list[str]
    late_items: list[int]


def check_digit(digits: pl.Expr, length: int) -> pl.Expr:
    """The GS1 check digit of numbers of `length` digits (without it), as text.

    >>> pl.DataFrame({"n": ["061414112345"]}).select(check_digit(pl.col("n"), 12)).item()
    '2'
    """
    weighted = [digits.str.slice(place, 1).cast(pl.Int64) * (3 if (length - place) % 2 else 1) for place in range(length)]
    return ((10 - pl.sum_horizontal(weighted) % 10) % 10).cast(pl.String)


def build_world(tickets: Tickets, seed: int) -> World:
    """Give every item, shop and pair its fixed properties; the same seed gives the same world."""
    rng = np.random.default_rng([seed, 1])
    items = _items(tickets.items, rng)
    pairs = tickets.sales.select("item", "shop").unique().sort("item", "shop")
    case = items["case_units"].to_numpy()[pairs["item"].to_numpy()]
    is_direct = items["is_direct"].to_numpy()[pairs["item"].to_numpy()]
    pairs = pairs.with_columns(pl.Series("is_direct", is_direct), pl.Series("pack", np.maximum(case // 2, 1))).with_row_index("pair")
    zones = [OTHER_ZONE if shop == OTHER_ZONE_SHOP else HOME_ZONE for shop in range(len(tickets.stores))]
    busy = items.filter(~pl.col("is_direct")).sample(3, seed=seed)["item"].to_list()
    return World(items, pairs, [f"STORE-{store}" for store in tickets.stores], zones, sorted(busy))


def _items(real: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    margin = rng.uniform(0.55, 0.78, real.height)
    case = rng.choice(np.array([6, 8, 12, 24]), real.height, p=[0.35, 0.15, 0.4, 0.1])
    body = pl.concat_str(pl.lit(COMPANY_PREFIX), pl.col("item").cast(pl.String).str.zfill(5))
    code = pl.Series([supplier.code for supplier in SUPPLIERS])
    position = {name: place for place, name in enumerate(code)}
    return (
        real.with_columns(
            item_code=pl.concat_str(pl.lit("P"), pl.col("product_id").cast(pl.String)),
            cost_e2=pl.max_horizontal(pl.lit(5), pl.col("price_e4") * pl.Series(margin) / 100).round().cast(pl.Int64),
            case_units=pl.Series(case),
            supplier=_supplier_code().replace_strict(position).cast(pl.Int64),
        )
        .with_columns(
            is_direct=pl.col("supplier") < sum(supplier.is_direct for supplier in SUPPLIERS),
            gtin=pl.concat_str(pl.lit("0"), body, check_digit(body, 12)),
            case_gtin=pl.concat_str(pl.lit("1"), body, check_digit(pl.concat_str(pl.lit("1"), body), 13)),
        )
        .with_columns(case_units=pl.when(pl.col("department").is_in(PERISHABLE)).then(6).otherwise(pl.col("case_units")))
    )


def _supplier_code() -> pl.Expr:
    """The supplier of an item: by what it is, and dry goods by their (real) manufacturer."""
    department, category = pl.col("department"), pl.col("product_category")
    maker = pl.col("manufacturer_id").cast(pl.Int64)
    dry = pl.concat_str(pl.lit("S-DRY-"), (maker % 6 + 1).cast(pl.String))
    return (
        pl.when(category.is_in(list(DIRECT_CATEGORIES)))
        .then(category.replace_strict(DIRECT_CATEGORIES, default=None))
        .when(department == "PASTRY")
        .then(pl.lit("S-BAKERY"))
        .when(category.str.starts_with("FRZN") | category.str.starts_with("FROZEN") | category.str.starts_with("ICE CREAM"))
        .then(pl.lit("S-FROZEN"))
        .when(department == "GROCERY")
        .then(dry)
        .when(department == "DRUG GM")
        .then(pl.concat_str(pl.lit("S-DRUG-"), (maker % 2 + 1).cast(pl.String)))
        .when(department == "PRODUCE")
        .then(pl.concat_str(pl.lit("S-FRESH-"), (maker % 2 + 1).cast(pl.String)))
        .when(department.is_in(["MEAT", "MEAT-PCKGD", "SEAFOOD-PCKGD"]))
        .then(pl.lit("S-MEAT"))
        .when(department == "DELI")
        .then(pl.lit("S-DELI"))
        .otherwise(pl.lit("S-OTHER"))
    )


def reference_files(world: World, tickets: Tickets) -> dict[str, pl.DataFrame]:
    """The reference files: path under `reference/` -> table. What is simulated says so in its names."""
    items = _item_rows(world)
    is_late = pl.col("item").is_in(world.late_items)
    return {
        "completejourney/items.csv": items.filter(~is_late).drop("item"),
        "simulated-master/uoms.csv": world.items.select(
            "item_code", uom_code=pl.lit("CS"), numerator="case_units", denominator=pl.lit(1), gtin="case_gtin"
        ),
        "simulated-master/locations.csv": _locations(world),
        "simulated-master/channels.csv": _channels(tickets),
        "simulated-master/networks.csv": _networks(world),
        "simulated-master/suppliers.csv": pl.DataFrame(
            [
                {
                    "supplier_code": one.code,
                    "supplier_name": f"{one.name} (simulated)",
                    "supplier_kind": "manufacturer" if one.is_direct else "wholesaler",
                    "time_zone": HOME_ZONE,
                }
                for one in SUPPLIERS
            ]
        ),
        "simulated-master/terms.csv": _terms(world),
        "simulated-master/sources.csv": _sources(),
        "simulated-late/items.csv": items.filter(is_late).drop("item"),
    }


def _item_rows(world: World) -> pl.DataFrame:
    label = {"Private": "own brand", "National": "brand"}
    kind = pl.concat_str([pl.col("product_category"), pl.col("product_type")], separator=": ", ignore_nulls=True).str.to_lowercase()
    name = pl.concat_str(kind.str.slice(0, 1).str.to_uppercase(), kind.str.slice(1))
    brand = pl.concat_str(pl.col("brand").replace(label), pl.lit(" "), pl.col("manufacturer_id").cast(pl.String))
    fresh = pl.col("department").is_in(PERISHABLE)
    return world.items.select(
        "item",
        "item_code",
        item_name=pl.concat_str(
            [name, pl.col("package_size"), pl.concat_str(pl.lit("("), brand, pl.lit(")"))], separator=" ", ignore_nulls=True
        ),
        item_kind=pl.lit("stock"),
        category=pl.coalesce("product_category", "department").str.to_lowercase(),
        brand=brand,
        base_uom_code=pl.lit("EA"),
        gtin="gtin",
        unit_cost_amount=_money(pl.col("cost_e2") * 100),
        unit_price_amount=_money(pl.col("price_e4")),
        currency_code=pl.lit(CURRENCY),
        shelf_life_days=pl.when(fresh).then(10).when(pl.col("supplier") < 2).then(18),
        lifecycle=pl.lit("active"),
    )


def _money(ten_thousandths: pl.Expr) -> pl.Expr:
    """Exact decimal text with four places."""
    return pl.concat_str((ten_thousandths // 10000).cast(pl.String), pl.lit("."), (ten_thousandths % 10000).cast(pl.String).str.zfill(4))


def _locations(world: World) -> pl.DataFrame:
    names = [f"Shop {code.removeprefix('STORE-')} (real tickets, simulated stock)" for code in world.shop_codes]
    body = pl.concat_str(pl.lit(COMPANY_PREFIX), pl.col("place").cast(pl.String).str.zfill(5))
    count = len(names)
    return pl.DataFrame(
        {
            "place": range(count + 1),
            "location_code": [DC, *world.shop_codes],
            "location_name": ["Distribution centre East (simulated)", *names],
            "location_kind": ["dc"] + ["store"] * count,
            "time_zone": [HOME_ZONE, *world.shop_zones],
        }
    ).select(
        "location_code",
        "location_name",
        "location_kind",
        pl.concat_str(body, check_digit(body, 12)).alias("gln"),
        "time_zone",
        country_code=pl.lit("US"),
    )


def _channels(tickets: Tickets) -> pl.DataFrame:
    names = {"web": "Web shop", "market-a": "Marketplace A", "market-b": "Marketplace B"}
    rows = [{"channel_code": "store", "channel_name": "Shops (real tickets)", "channel_kind": "store", "time_zone": HOME_ZONE}]
    for code, _, _ in ONLINE_CHANNELS:
        name = f"{names[code]} (stood for by the real tickets of {tickets.online_stores.get(code, 0)} small stores)"
        rows.append(
            {"channel_code": code, "channel_name": name, "channel_kind": "web" if code == "web" else "marketplace", "time_zone": HOME_ZONE}
        )
    return pl.DataFrame(rows)


def _networks(world: World) -> pl.DataFrame:
    rows = [("store", code, place) for place, code in enumerate(world.shop_codes, 1)]
    rows += [(code, DC, 1) for code, _, _ in ONLINE_CHANNELS]
    return pl.DataFrame(rows, schema=["channel_code", "location_code", "priority"], orient="row")


def _terms(world: World) -> pl.DataFrame:
    """Only where something is bought: every item at the distribution centre, direct ones at the shops as well."""
    items = world.items.select("item", "item_code", "supplier", "cost_e2", "case_units")
    at_dc = items.with_columns(location_code=pl.lit(DC), multiple_units="case_units", moq_units="case_units")
    shops = pl.DataFrame({"shop": range(len(world.shop_codes)), "location_code": world.shop_codes}, schema_overrides={"shop": pl.Int32})
    direct = world.pairs.filter("is_direct").join(shops, on="shop").join(items, on="item")
    at_shops = direct.with_columns(multiple_units="pack", moq_units="pack")
    columns = ["supplier", "item_code", "location_code", "moq_units", "multiple_units", "cost_e2"]
    facts = pl.DataFrame(
        {
            "supplier": range(len(SUPPLIERS)),
            "supplier_code": [one.code for one in SUPPLIERS],
            "lead_time_days": [one.lead_days for one in SUPPLIERS],
            "order_cost_amount": [f"{one.order_cost / 10:.2f}" for one in SUPPLIERS],
        }
    )
    return (
        pl.concat([at_dc.select(columns), at_shops.select(columns)])
        .join(facts, on="supplier")
        .sort("supplier_code", "item_code", "location_code")
        .select(
            "supplier_code",
            "item_code",
            "location_code",
            "lead_time_days",
            "moq_units",
            "multiple_units",
            unit_cost_amount=_money(pl.col("cost_e2") * 100),
            currency_code=pl.lit(CURRENCY),
            order_cost_amount="order_cost_amount",
        )
    )


def _sources() -> pl.DataFrame:
    rows = [
        ("completejourney", "pos", HOME_ZONE, "false"),
        ("completejourney-scan", "pos", HOME_ZONE, "false"),
        ("completejourney-west", "pos", "", "false"),
        ("simulated-tills", "pos", HOME_ZONE, "false"),
        ("completejourney-online", "marketplace", HOME_ZONE, "false"),
        ("simulated-channels", "marketplace", HOME_ZONE, "false"),
        ("simulated-wms", "wms", HOME_ZONE, "false"),
        ("simulated-rfid", "rfid", HOME_ZONE, "false"),
        ("simulated-erp", "supply", HOME_ZONE, "false"),
    ]
    return pl.DataFrame(rows, schema=["source_system", "feed", "time_zone", "sends_picks"], orient="row")
