"""Rows of the ledger's tables as the owner hands them on: one Parquet file a table, and `current.json` that names them all.

Belongs here: the form on disk, for every world made by hand. Does not belong here: what happened (`small_ledger`, `small_marts`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.ledger.tables import LEDGER_TABLES

ENGINE = duckdb.connect(":memory:", config={"threads": 1})
ENGINE.execute("set timezone = 'UTC'")
Row = dict[str, Any]


def arrow(table: str, rows: Sequence[Row]) -> pa.Table:
    """Rows with the table's columns and types; what a row does not say is null."""
    columns = LEDGER_TABLES[table]
    ENGINE.execute(f"create or replace table t ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    if rows:
        ENGINE.executemany(f"insert into t values ({', '.join('?' * len(columns))})", [[one.get(name) for name in columns] for one in rows])
    return ENGINE.sql("select * from t").to_arrow_table()


def write_ledger_files(ledger: Path, name: str, rows: Mapping[str, Sequence[Row]], *, commit: int, anew: bool = False, **head: Any) -> Row:
    """Add a file `name` for every table that has rows (for every table, to a new ledger); returns what `current.json` says then.

    `anew`: what lies there is another ledger, and forgotten. `head` is what it says beside its commit and tables: hash, newest times.
    """
    current = ledger / "current.json"
    before = json.loads(current.read_text())["tables"] if current.exists() and not anew else {}
    tables = {}
    for table, columns in LEDGER_TABLES.items():
        files = list(before.get(table, {}).get("files", []))
        new = rows.get(table, ())
        if new or not files:
            file = ledger / table / f"{name}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            ENGINE.register("data", arrow(table, new))
            kept = ", ".join(f"{column}::{kind} as {column}" for column, kind in columns.items())
            ENGINE.execute(f"copy (select {kept} from data) to '{file.as_posix()}' (format parquet, compression zstd)")
            commits = [one["commit_id"] for one in new]
            files.append({"path": f"{table}/{name}.parquet", "rows": len(new), "min_commit_id": min(commits, default=None),
                          "max_commit_id": max(commits, default=None)})  # fmt: skip
        tables[table] = {"files": files}
    said = {"generation": 1, "commit_id": commit, **head, "tables": tables}
    temporary = ledger / ".current.tmp"
    temporary.write_text(json.dumps(said), encoding="utf-8")
    temporary.rename(current)
    return said
