"""dlt's fastest road for the files of `bench_backfill`: Arrow tables, appended or merged on the sales' natural key.

    PYTHON_OF_ITS_OWN tests/bench/dlt_peer.py FOLDER append|merge EVENTS

Prints wall and CPU seconds and resident MB as JSON; imports are not in them. It needs `dlt[duckdb]` and pyarrow, which the
bench installs into an environment of their own: they are no part of parstock.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
import duckdb
import pyarrow as pa
import pyarrow.json

KEY = ["location_code", "register_no", "document_id", "document_line"]
TEXTS = ("event_kind", "location_code", "register_no", "document_id", "occurred_at", "item_code", "unit_price_amount", "currency_code")
FORM = pa.schema([*((name, pa.string()) for name in TEXTS), ("document_line", pa.int32()), ("quantity", pa.int32())])


def sales(folder: Path) -> Iterator[pa.Table]:
    """The files as Arrow tables with times and amounts typed, as the other peers type them."""
    options = pyarrow.json.ReadOptions(block_size=8 << 20)
    for path in sorted((folder / "pos").glob("*.jsonl")):
        table = pyarrow.json.read_json(path, options, pyarrow.json.ParseOptions(explicit_schema=FORM))
        for name, kind in (("occurred_at", pa.timestamp("us", "UTC")), ("unit_price_amount", pa.decimal128(18, 4))):
            table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
        yield table


def main(folder: Path, how: str, events: int) -> None:
    """Load once into a new file and say what it took."""
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "peer.duckdb"
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        pipeline = dlt.pipeline("peer", destination=dlt.destinations.duckdb(str(target)), dataset_name="raw", pipelines_dir=name)
        resource_of = dlt.resource(lambda: sales(folder), name="sales", write_disposition=how, primary_key=KEY if how == "merge" else None)
        pipeline.run(resource_of, loader_file_format="parquet")
        used, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - begun
        with duckdb.connect(str(target), read_only=True) as con:
            ((rows,),) = con.execute("select count(*) from raw.sales").fetchall()
        assert rows == events, rows
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "rss_mb": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
