"""Real documents, read in place through PARSTOCK_REAL_DATA; without it these tests are skipped, saying so."""

from __future__ import annotations

import json
import os
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import stages
from pipelines.settings import Home, Settings

REAL = Path(os.environ.get("PARSTOCK_REAL_DATA", "")) if os.environ.get("PARSTOCK_REAL_DATA") else None
AT_ONCE = Settings(settle_seconds=0)


def real(name: str) -> Path:
    """A folder of real data, or a skip that says what is missing."""
    if REAL is None or not (REAL / name).is_dir():
        pytest.skip(f"real data '{name}' is not here: PARSTOCK_REAL_DATA is {'not set' if REAL is None else REAL}")
    return REAL / name


def read(home: Home, query: str) -> list[tuple[object, ...]]:
    """A question to the ledger's files of a home."""
    tables = json.loads((home.ledger / "current.json").read_text())["tables"]
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.execute(f"create view {name} as from read_parquet({[str(home.ledger / file['path']) for file in table['files']]})")
        return con.execute(query).fetchall()


def test_every_gs1_json_document_is_accounted_for_event_by_event(tmp_path: Path) -> None:
    documents = sorted((real("epcis_gs1") / "JSON").rglob("*.json*"))
    assert len(documents) > 20
    for number, document in enumerate(documents):
        path = tmp_path / "landing" / "rfid" / f"{number:03d}-{document.stem}.jsonld"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(document, path)
    home = Home(tmp_path / "home")
    stages.ingest(home, tmp_path / "landing", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), engine="direct", settings=AT_ONCE)

    counted = read(home, "select source_uri, sum(rows_in), sum(accepted + duplicate + corrected + quarantined) from deliveries group by 1")
    assert len(counted) == len(documents)
    assert [line for line in counted if line[1] != line[2]] == []
    # no document is lost: each has at least one row, an event or a reason
    assert [uri for uri, rows, _ in counted if not rows] == []


def test_a_gift_shops_invoices_come_out_as_its_own_sums_whatever_the_cut(tmp_path: Path) -> None:
    invoices = (
        pl.read_parquet(real("online_retail") / "online_retail.parquet")
        .filter((pl.col("Quantity") > 0) & (pl.col("Quantity") <= 5_000))
        .head(60_000)
    )
    lines = invoices.with_row_index("n").select(
        event_kind=pl.lit("sale"), location_code=pl.lit("SHOP"), register_no=pl.lit("1"), document_id=pl.col("InvoiceNo").cast(pl.String),
        document_line=pl.col("n").cast(pl.String), occurred_at=pl.col("InvoiceDate").cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S"),
        item_code=pl.col("StockCode").cast(pl.String).str.strip_chars(), quantity=pl.col("Quantity"),
    )  # fmt: skip
    items = lines["item_code"].unique().sort()
    reference = {
        "items": "item_code,item_name,item_kind,base_uom_code\n" + "".join(f"{code},{code},stock,EA\n" for code in items),
        "locations": "location_code,location_name,location_kind,time_zone\nSHOP,Gift shop,store,Europe/London\n",
    }
    hashes = []
    for name, files, copies in (("whole", 1, 0), ("cut", 7, 2)):
        landing = tmp_path / name / "landing"
        (landing / "reference").mkdir(parents=True)
        (landing / "pos").mkdir()
        for table, text in reference.items():
            (landing / "reference" / f"{table}.csv").write_text(text)
        order = list(range(lines.height))
        if files > 1:
            random.Random(5).shuffle(order)
        size = -(-lines.height // files)
        for part in range(files):
            lines[order[part * size : (part + 1) * size]].write_ndjson(landing / "pos" / f"{part}.jsonl")
        for part in range(copies):
            shutil.copyfile(landing / "pos" / f"{part}.jsonl", landing / "pos" / f"again-{part}.jsonl")
        home = Home(tmp_path / name / "home")
        stages.ingest(home, landing, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), engine="direct", settings=AT_ONCE)
        sold = read(home, "select item_code, sum(units)::BIGINT from movements join items using (item_id) group by 1")
        truth = lines.group_by("item_code").agg(pl.col("quantity").sum().cast(pl.Int64)).rows()
        assert sorted(sold) == sorted(truth)
        hashes.append(json.loads((home.ledger / "current.json").read_text())["ledger_hash"])
    assert hashes[0] == hashes[1]
