"""Real tables as their systems write them, read through a mapping; compared with what is reckoned without it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from feeds.landed import Landed

from pipelines.ingest.pipeline import ingest_batch
from pipelines.ingest.sources.files import landing_of
from pipelines.settings import Home, Settings
from pipelines.spool import Spool
from real.test_real_documents import real

ROWS = 60_000

RETAIL = """
feed = "pos"
[file]
delimiter = ";"
encoding = "cp1252"
[leave_out]
where = { StockCode = ["POST", "DOT", "M", "BANK CHARGES", "AMAZONFEE", "CRUK", "D", "C2", "S"] }
[values]
decimal = ","
thousands = "\\u00a0"
datetime = "%d/%m/%Y %H:%M"
time_zone = "Europe/London"
[columns]
event_kind = { value = "sale" }
location_code = { value = "GIFT" }
document_id = "InvoiceNo"
document_line = "StockCode"
occurred_at = "InvoiceDate"
item_code = "StockCode"
quantity = "Quantity"
unit_price_amount = "UnitPrice"
currency_code = { value = "GBP" }
customer_id = "CustomerID"
[negative_quantity]
sale = "return"
"""

ORDERS = """
feed = "supply"
[file]
delimiter = "|"
[values]
time_zone = "America/New_York"
[columns]
event_kind = { value = "po_created" }
document_id = "PO / SO #"
document_line = "ID"
supplier_code = "Vendor"
occurred_at = { column = "PO Sent to Vendor Date", format = "%m/%d/%y", time = "12:00" }
due_at = { column = "Scheduled Delivery Date", format = "%d-%b-%y" }
item_code = "Item Description"
quantity = "Line Item Quantity"
unit_price_amount = { column = "Pack Price" }
currency_code = { value = "USD" }
"""


def take(tmp_path: Path, feed: str, content: bytes, mapping: str) -> Landed:
    folder = tmp_path / "landing" / feed / "real"
    folder.mkdir(parents=True)
    (folder / "export.csv").write_bytes(content)
    (folder / "mapping.toml").write_text(mapping)
    home = Home(tmp_path / "home").make()
    quick = Settings(settle_seconds=0)
    sources = [landing_of(home, quick, tmp_path / "landing")]
    ingest_batch(home, sources, clock=datetime(2026, 3, 9, tzinfo=UTC), engine="direct", settings=quick)
    return Landed(Spool(home.spool))


def test_a_gift_shop_s_invoices_as_a_french_export(tmp_path: Path) -> None:
    retail = pl.read_parquet(real("online_retail") / "online_retail.parquet").head(ROWS)
    cents = (retail["UnitPrice"] * 1000).round().cast(pl.Int64)
    written = retail.select(
        "InvoiceNo", "StockCode", "Description",
        pl.col("Quantity").map_elements(lambda units: f"{units:,}".replace(",", "\u00a0"), return_dtype=pl.String),
        pl.col("InvoiceDate").dt.strftime("%d/%m/%Y %H:%M"),
        pl.Series("UnitPrice", [f"{value // 1000:,}".replace(",", "\u00a0") + f",{value % 1000:03d}" for value in cents]),
        "CustomerID", "Country",
    )  # fmt: skip
    landed = take(tmp_path, "pos", written.write_csv(separator=";").encode("cp1252"), RETAIL)
    (delivery,) = landed.deliveries

    goods = ~retail["StockCode"].is_in(["POST", "DOT", "M", "BANK CHARGES", "AMAZONFEE", "CRUK", "D", "C2", "S"])
    assert delivery.left_out == int((~goods).sum()) > 0
    assert landed.rejects().is_empty() or set(landed.rejects()["reason_code"]) <= {"quantity_not_positive"}
    events, kept = landed.events().sort("source_line"), retail.filter(goods)
    assert events.height + landed.rejects().height == kept.height == delivery.rows_in
    for kind, units in (("sale", kept["Quantity"].clip(0).sum()), ("return", -kept["Quantity"].clip(upper_bound=0).sum())):
        assert int(events.filter(pl.col("event_kind") == kind)["quantity"].sum()) == units
    amounts = events.with_columns(milli=(pl.col("unit_price_amount") * 1000).cast(pl.Int64), units=pl.col("quantity").cast(pl.Int64))
    assert int((amounts["milli"] * amounts["units"]).sum()) == int((cents.filter(goods) * kept["Quantity"].abs()).sum())
    assert events["occurred_at"].min() == kept["InvoiceDate"].min()  # London keeps UTC in winter
    assert events["source_line"].to_list()[:3] == (goods.arg_true() + 2).to_list()[:3]
    assert {"CustomerID", "Description"} & {name for one in landed.manifests for name in one.unknown_columns} == {"Description"}


def test_purchase_orders_with_dates_that_were_not_captured(tmp_path: Path) -> None:
    orders = pl.read_parquet(real("scms_delivery") / "scms_delivery.parquet")
    landed = take(tmp_path, "supply", orders.write_csv(separator="|").encode(), ORDERS)
    is_day = orders["PO Sent to Vendor Date"].str.contains(r"^\d{1,2}/\d{1,2}/\d{2}$").fill_null(False)
    (delivery,) = landed.deliveries
    assert delivery.rows_in == orders.height == landed.events().height + landed.rejects().height
    told = Counter(landed.rejects()["reason"].str.extract(r"^(\w+ '[^']*')").to_list())
    for words in ("Date Not Captured", "N/A - From RDC"):
        assert told[f"occurred_at '{words}'"] == orders.filter(pl.col("PO Sent to Vendor Date") == words).height > 0
    events = landed.events()
    assert set(events["document_line"]) <= set(orders.filter(is_day)["ID"].cast(pl.String))
    assert set(landed.rejects()["reason_code"]) <= {"bad_time", "missing_field", "quantity_not_positive", "bad_number", "before_event"}
    assert events.height > 0.95 * int(is_day.sum())
    lines = orders.with_columns(pl.col("ID").cast(pl.String)).filter(pl.col("ID").is_in(events["document_line"].implode()))
    assert int(events["quantity"].sum()) == lines["Line Item Quantity"].cast(pl.Int64).sum()
