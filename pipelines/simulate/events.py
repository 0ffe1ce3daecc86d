"""The year of stock as events of the warehouse and of the suppliers.

Belongs here: clock times, documents and units of `wms` and `supply`, from the tables of `stock.Year`. Does not
belong here: their text (`emit`), and what others report (`channels`, `tills`, `rfid`).

Every frame carries, beside the feed's fields, `place` and `item` as positions, `sec` (local seconds of 2017),
`units` (base units) and, of a count, `difference`; `settled` adds them up by the posting rules.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate.demand import Choices
from pipelines.simulate.emit import seconds
from pipelines.simulate.stock import BREAK_ADJUST, BREAK_DAMAGED, BREAK_SCRAP, Year, is_late_day
from pipelines.simulate.tickets import DAYS
from pipelines.simulate.world import SUPPLIERS, World

OPENING_SEC = 5 * 3600
SUPPLIER_CODES = pl.Series([one.code for one in SUPPLIERS])


def wms_events(world: World, choices: Choices, year: Year, orders: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Everything the warehouse system reports, in the order of its local time, numbered. `orders` is `order_lines`."""
    rng = np.random.default_rng([seed, 4])
    parts = [
        _openings(world, year),
        _transfers(world, year, rng),
        _receipts(world, orders, rng),
        _shipments(choices, year, rng),
        _breaks(year, world, rng),
        _counts(year, world),
        _returns(choices, rng),
    ]
    shipped = parts[3]
    parts.append(_mistaken_shipments(shipped.sample(15, seed=seed) if shipped.height >= 15 else shipped))
    events = pl.concat(parts, how="diagonal_relaxed").sort("sec", maintain_order=True)
    number = pl.concat_str(pl.lit("W"), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7))
    return events.with_columns(source_event_id=pl.coalesce("source_event_id", number), quantity=pl.coalesce("quantity", "units"))


def order_lines(world: World, year: Year, seed: int) -> pl.DataFrame:
    """Purchase order lines, grain: line.

    Numbers are by evening, place and supplier; `per` is the units of one ordered unit (a case or a base unit).
    """
    pairs = world.pairs["shop"].to_numpy()
    table = {name: column for name, column in year.orders.items() if name != "pair"}
    pair = year.orders["pair"]
    place = np.where(pair < 0, 0, pairs[np.maximum(pair, 0)] + 1)
    items = world.items.select("item", "supplier", "case_units", "cost_e2", "case_gtin")
    facts = {
        name: pl.Series([getattr(one, name) for one in SUPPLIERS]) for name in ("in_cases", "by_case_gtin", "sends_notices", "lead_days")
    }
    lines = (
        pl.DataFrame(table)
        .with_columns(pl.Series("place", place), pl.col("item").cast(pl.Int32))
        .join(items, on="item", maintain_order="left", how="left")
    )
    at_supplier = lines["supplier"].cast(pl.UInt32)
    lines = lines.with_columns([values.gather(at_supplier).alias(name) for name, values in facts.items()])
    lines = lines.sort("day", "place", "supplier", "item")
    number = pl.struct("day", "place", "supplier").rle_id() + 1
    rng = np.random.default_rng([seed, 5])
    return lines.with_columns(
        document_id=pl.concat_str(pl.lit("PO-"), number.cast(pl.String).str.zfill(5)),
        document_line=pl.int_range(1, pl.len() + 1).over("day", "place", "supplier").cast(pl.Int32),
        per=pl.when("in_cases").then("case_units").otherwise(1),
        supplier_code=SUPPLIER_CODES.gather(lines["supplier"].cast(pl.UInt32)),
        is_noticed=pl.col("sends_notices") & (pl.col("lead_days") >= 2) & (pl.col("shipped") > 0),
        receipt_sec=pl.when(pl.col("place") == 0).then(7 * 3600).otherwise(5 * 3600)
        + pl.col("arrives") * 86400
        + pl.Series(rng.integers(0, 1500, lines.height)),
        chance=pl.Series(rng.random(lines.height)),
    ).with_columns(asn_id=pl.concat_str(pl.lit("ASN-"), pl.col("document_id").str.slice(3), pl.lit("-"), pl.col("arrives").cast(pl.String)))


def supply_events(orders: pl.DataFrame) -> pl.DataFrame:
    """What suppliers and buyers say of the purchase orders: orders, confirmations of late ones, notices, short lines cancelled."""
    common: list[pl.Expr | str] = [
        "place",
        "item",
        "supplier_code",
        "document_id",
        "document_line",
        "per",
        pl.when(pl.col("per") > 1).then(pl.lit("CS")).alias("uom_code"),
        (pl.col("cost_e2") * pl.col("per")).alias("price_e2"),
    ]
    promised = (pl.col("day") + pl.col("lead_days")) * 86400 + 12 * 3600
    placed = orders.select(
        *common,
        event_kind=pl.lit("po_created"),
        document_kind=pl.lit("po"),
        sec=pl.col("day") * 86400 + 22 * 3600,
        units="units",
        promised_sec=promised,
    )
    is_late = (pl.col("arrives") > pl.col("day") + pl.col("lead_days")) & (pl.col("chance") < 0.6) & (pl.col("day") + 1 < DAYS)
    confirmed = orders.filter(is_late).select(
        *common,
        event_kind=pl.lit("po_confirmed"),
        document_kind=pl.lit("po"),
        sec=(pl.col("day") + 1) * 86400 + 10 * 3600,
        units="units",
        promised_sec=pl.col("arrives") * 86400 + 12 * 3600,
    )
    is_short = (pl.col("shipped") < pl.col("units")) & (pl.col("arrives") < DAYS - 1) & (pl.col("chance") < 0.9)
    cancelled = orders.filter(is_short).select(
        *common,
        event_kind=pl.lit("po_cancelled"),
        document_kind=pl.lit("po"),
        sec=(pl.col("arrives") + 1) * 86400 + 9 * 3600,
        units=pl.col("units") - pl.col("shipped"),
    )
    notices = orders.filter(pl.col("is_noticed") & (pl.col("arrives") <= DAYS)).select(
        *common,
        "asn_id",
        event_kind=pl.lit("asn"),
        document_kind=pl.lit("asn"),
        sec=(pl.col("arrives") - 1) * 86400 + 16 * 3600,
        units="shipped",
    )
    notices = notices.with_columns(
        ref_document_kind=pl.lit("po"), ref_document_id="document_id", ref_document_line="document_line", document_id="asn_id"
    )
    events = pl.concat([placed, confirmed, cancelled, notices.drop("asn_id")], how="diagonal_relaxed")
    return events.with_columns(quantity=pl.col("units") // pl.col("per")).sort("sec", "document_id", "document_line", maintain_order=True)


def supplier_stock(world: World, seed: int) -> pl.DataFrame:
    """What one supplier could send straight to customers, on the first of each month, grain: item x month."""
    rng = np.random.default_rng([seed, 12])
    items = world.items.filter(pl.col("supplier") == len(SUPPLIERS) - 1).head(30).select("item", "supplier")
    firsts = pl.DataFrame({"day": [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]})
    rows = firsts.join(items, how="cross")
    return rows.with_columns(
        sec=pl.col("day") * 86400 + 8 * 3600, quantity=pl.Series(rng.poisson(20, rows.height) * (rng.random(rows.height) > 0.1))
    )


def _openings(world: World, year: Year) -> pl.DataFrame:
    shops = world.pairs.select("item", place=pl.col("shop") + 1, units=pl.Series(year.opening_shop))
    centre = world.items.select("item", place=pl.lit(0, pl.Int32), units=pl.Series(year.opening_dc))
    return pl.concat([centre, shops]).with_columns(event_kind=pl.lit("opening"), sec=pl.lit(OPENING_SEC, pl.Int64))


def _transfers(world: World, year: Year, rng: np.random.Generator) -> pl.DataFrame:
    """A transfer a shop and day: shipped in the evening, received early next morning; what is lost stays in transit."""
    sent = pl.DataFrame(year.transfers).filter(pl.col("units") > 0)
    pair = sent["pair"].cast(pl.UInt32)
    sent = sent.with_columns(item=world.pairs["item"].gather(pair), shop=world.pairs["shop"].gather(pair) + 1).sort("day", "shop", "item")
    day = sent["day"].to_numpy()
    sent = sent.with_columns(
        document_kind=pl.lit("to"),
        document_id=pl.concat_str(
            pl.lit("T-"), pl.col("day").cast(pl.String).str.zfill(3), pl.lit("-"), pl.col("shop").cast(pl.String).str.zfill(2)
        ),
        document_line=pl.int_range(1, pl.len() + 1).over("day", "shop").cast(pl.Int32),
        shipped_sec=pl.Series(seconds(day, 18, 2, rng)),
        received_sec=pl.Series(seconds(day + 1, 5, 0.9, rng)),
    )
    common = ["item", "document_kind", "document_id", "document_line"]
    out = sent.select(
        *common, event_kind=pl.lit("transfer_ship"), place=pl.lit(0, pl.Int32), to_place="shop", sec="shipped_sec", units="units"
    )
    back = sent.filter((pl.col("day") + 1 < DAYS) & (pl.col("received") > 0)).select(
        *common, event_kind=pl.lit("transfer_receive"), place="shop", sec="received_sec", units="received"
    )
    return pl.concat([out, back], how="diagonal_relaxed")


def _receipts(world: World, orders: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Receipts at the dock, put away within hours; what is damaged is held, now and then after the year's end only."""
    here = orders.filter((pl.col("arrives") < DAYS) & (pl.col("received") > 0))
    names_case = pl.col("by_case_gtin") & (pl.col("per") > 1)
    receipts = here.select(
        "place",
        "item",
        "supplier_code",
        event_kind=pl.lit("receipt"),
        sec="receipt_sec",
        units="received",
        quantity=pl.col("received") // pl.col("per"),
        uom_code=pl.when((pl.col("per") > 1) & ~names_case).then(pl.lit("CS")),
        gtin=pl.when(names_case).then("case_gtin"),
        document_kind=pl.when("is_noticed").then(pl.lit("asn")).otherwise(pl.lit("po")),
        document_id=pl.when("is_noticed").then("asn_id").otherwise("document_id"),
        document_line="document_line",
    )
    later = pl.when(pl.col("place") == 0).then(3 * 3600).otherwise(1800)
    put = here.filter(pl.col("received") > pl.col("held")).select(
        "place", "item", event_kind=pl.lit("putaway"), sec=pl.col("receipt_sec") + later, units=pl.col("received") - pl.col("held")
    )
    held = here.filter((pl.col("held") > 0) & (pl.col("chance") < 0.8)).select(
        "place",
        "item",
        event_kind=pl.lit("qc_hold"),
        sec=pl.col("receipt_sec") + 900,
        units="held",
        reason_code=pl.lit("damaged_on_arrival"),
    )
    return pl.concat([receipts, put, held], how="diagonal_relaxed")


def _shipments(choices: Choices, year: Year, rng: np.random.Generator) -> pl.DataFrame:
    lines = choices.orders.filter(pl.col("fate") == "ship").filter(pl.Series(year.is_shipped))
    return lines.select(
        "item",
        "document_id",
        "document_line",
        event_kind=pl.lit("ship"),
        place=pl.lit(0, pl.Int32),
        units=pl.col("quantity"),
        document_kind=pl.lit("so"),
        sec=pl.Series(seconds(lines["ship_day"].to_numpy(), 12, 5, rng)),
    )


def _mistaken_shipments(lines: pl.DataFrame) -> pl.DataFrame:
    """A few lines are shipped twice by mistake; the first shipment is voided before the goods leave."""
    mark = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(3)
    twice = lines.with_columns(sec=pl.col("sec") - 300, source_event_id=pl.concat_str(pl.lit("WX"), mark))
    void = lines.drop("document_kind", "document_id", "document_line").with_columns(
        event_kind=pl.lit("void_ship"),
        sec=pl.col("sec") - 120,
        source_event_id=pl.concat_str(pl.lit("WV"), mark),
        ref_document_id=pl.concat_str(pl.lit("WX"), mark),
    )
    return pl.concat([twice, void], how="diagonal_relaxed")


def _places(table: pl.DataFrame, world: World) -> pl.DataFrame:
    """Add `place` from `pair` (-1 is the distribution centre)."""
    shop = world.pairs["shop"].gather(table["pair"].clip(0).cast(pl.UInt32))
    return table.with_columns(
        place=pl.when(pl.col("pair") < 0).then(0).otherwise(shop + 1).cast(pl.Int32), item=pl.col("item").cast(pl.Int32)
    )


def _breaks(year: Year, world: World, rng: np.random.Generator) -> pl.DataFrame:
    table = _places(pl.DataFrame(year.breaks), world)
    kind = {BREAK_SCRAP: "scrap", BREAK_ADJUST: "adjust", BREAK_DAMAGED: "status_change"}
    is_damaged = pl.col("kind") == BREAK_DAMAGED
    late_days = [day for day in range(DAYS) if is_late_day(day)]
    return table.select(
        "place",
        "item",
        event_kind=pl.col("kind").replace_strict(kind, return_dtype=pl.String),
        sec=pl.Series(seconds(table["day"].to_numpy(), 21, 0.9, rng)),
        units=pl.when(pl.col("kind") == BREAK_ADJUST).then(-pl.col("units")).otherwise(pl.col("units")),
        reason_code=pl.when(~is_damaged).then(pl.lit("broken")),
        stock_state=pl.when(is_damaged).then(pl.lit("sellable_not_accessible")),
        to_stock_state=pl.when(is_damaged).then(pl.lit("damaged")),
        is_late=pl.col("day").is_in(late_days) & (pl.col("pair") >= 0),
    )


def _counts(year: Year, world: World) -> pl.DataFrame:
    """Counts at the last second of the local day, after all its events."""
    table = _places(pl.DataFrame(year.counts), world)
    return table.select("place", "item", "difference", event_kind=pl.lit("count"), sec=pl.col("day") * 86400 + 86399, units="counted")


def _returns(choices: Choices, rng: np.random.Generator) -> pl.DataFrame:
    """Online returns come to the distribution centre; shops and centre decide in the evening, now and then days later, what becomes of the goods."""
    online = choices.online_returns.with_row_index("number")
    rma = pl.concat_str(pl.lit("RMA-"), pl.col("number").cast(pl.String).str.zfill(5))
    received = online.select(
        "item",
        event_kind=pl.lit("return_receive"),
        place=pl.lit(0, pl.Int32),
        units="quantity",
        sec=pl.Series(seconds(online["back_day"].to_numpy(), 10, 2, rng)),
        document_kind=pl.lit("rma"),
        document_id=rma,
        document_line=pl.lit(1, pl.Int32),
        ref_document_kind=pl.lit("so"),
        ref_document_id="document_id",
        ref_document_line="document_line",
    )
    shops = choices.shop_returns.with_columns(place=pl.col("shop") + 1)
    waiting = pl.concat([online.with_columns(place=pl.lit(0, pl.Int32), rma=rma), shops], how="diagonal_relaxed").filter(
        pl.col("put_day") < DAYS
    )
    is_sold_again = pl.col("outcome") == "sell"
    state = pl.when(pl.col("place") == 0).then(pl.lit("sellable_not_accessible")).otherwise(pl.lit("sellable_accessible"))
    decided = waiting.select(
        "place",
        "item",
        event_kind=pl.lit("return_disposition"),
        units="quantity",
        sec=pl.Series(seconds(waiting["put_day"].to_numpy(), 19, 1, rng)),
        to_stock_state=pl.when(is_sold_again).then(state),
        reason_code=pl.when(~is_sold_again).then("outcome"),
        document_kind=pl.when(pl.col("rma").is_not_null()).then(pl.lit("rma")),
        document_id="rma",
        document_line=pl.when(pl.col("rma").is_not_null()).then(1).cast(pl.Int32),
    )
    return pl.concat([received, decided], how="diagonal_relaxed")
