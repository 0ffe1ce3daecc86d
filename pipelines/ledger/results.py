"""Results: what planning, the gates and the watch over alerts hand to the owner, and its taking them into the ledger.

Belongs here: which tables a kind of result has, writing `spool/<kind>/<run_id>/` so that it appears whole, and appending
it to the ledger, once. Does not belong here: making results.

The folder has one Parquet file a table, with the ledger's columns less `commit_id`. It stays in the spool, so that
`parstock rebuild` has it again; of the kinds in `REPLACED` the newest alone. Names that begin with a dot are not yet results.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from pipelines.durable import sync
from pipelines.events import polars_type
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import Home
from pipelines.sql_text import literal

if TYPE_CHECKING:
    import duckdb

RESULTS: Final[dict[str, tuple[str, ...]]] = {
    "plans": ("plan_runs", "plan_items", "plan_settings", "plan_supply", "plan_proposals"),
    "gates": ("gate_runs", "gate_results"),
    "alerts": ("alert_checks", "alert_changes"),
    "looks": ("alert_looks",),
}
"""Kind (its folder in the spool): its tables in the ledger. No mart is built from them, all are read through views."""

ADDED_LATER: Final = frozenset({"plan_settings", "plan_supply"})
"""Tables that results of an earlier version lack: they stay in the spool, and a rebuild takes them as they are."""

VIEWED_TABLES: Final = frozenset({"decisions"}.union(*RESULTS.values()))
"""Tables of the ledger that readers see through views: no mart is built from their rows."""

REPLACED: Final = frozenset({"looks"})
"""Kinds of which each result replaces the one before, in the ledger and in the spool: they come often, and what they say can
be found again."""

REPLACED_TABLES: Final = frozenset(table for kind in REPLACED for table in RESULTS[kind])


def as_table(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """The columns of a ledger table, less `commit_id`, in its order and types; figures are rounded to its scale.

    Raises where a column is missing or a figure does not fit: a wrong figure is never cut to size.
    """
    columns = {name: polars_type(kind) for name, kind in LEDGER_TABLES[table].items() if name != "commit_id"}
    rounded = [
        (
            pl.col(name).cast(pl.Float64).round(kind.scale).cast(kind)
            if isinstance(kind, pl.Decimal) and frame[name].dtype.is_float()
            else pl.col(name).cast(kind)
        ).alias(name)
        for name, kind in columns.items()
    ]
    return frame.select(rounded)


def write_result(home: Home, kind: str, run_id: str, tables: dict[str, pl.DataFrame]) -> Path:
    """Write a result's tables (all of its kind, in the form of `as_table`) as a folder that appears at once, synced."""
    folder = home.spool / kind / run_id
    if set(tables) != set(RESULTS[kind]):
        raise ValueError(f"{kind} has the tables {RESULTS[kind]}, got {tuple(tables)}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, frame in tables.items():
            with (work / f"{name}.parquet").open("wb") as file:
                frame.write_parquet(file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
        work.chmod(0o755)
        sync(work)
        try:
            work.rename(folder)
        except OSError:
            # Another process made the same run meanwhile; the same name means the same content.
            if not folder.exists():
                raise
        sync(folder.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def waiting_runs(con: duckdb.DuckDBPyConnection, home: Home) -> list[tuple[str, str]]:
    """Runs (kind, id) that lie in the spool and are not in the ledger yet; of each kind in the order of their ids.

    Of a kind in `REPLACED` only the newest.
    """
    taken = set(con.execute("select kind, run_id from taken_results").fetchall())
    found = []
    for kind in RESULTS:
        folder = home.spool / kind
        if folder.is_dir():
            names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
            wanted = names[-1:] if kind in REPLACED else names
            found += [(kind, name) for name in wanted if (kind, name) not in taken]
    return found


def take(con: duckdb.DuckDBPyConnection, home: Home, kind: str, run_id: str, now_us: int) -> int:
    """Append one run in one commit, or put it in the place of the one before (`REPLACED`); returns the commit."""
    commit_id = int(con.execute("select max(commit_id) + 1 from commits").fetchall()[0][0])
    con.execute("begin")
    try:
        for table in RESULTS[kind]:
            file = home.spool / kind / run_id / f"{table}.parquet"
            if table in ADDED_LATER and not file.exists():
                continue
            source = f"read_parquet({literal(file)})"
            there = {name for name, *_ in con.execute(f"describe select * from {source}").fetchall()}
            # A column that an earlier version did not write is null: unknown.
            columns = ", ".join(name for name in LEDGER_TABLES[table] if name in there)
            if kind in REPLACED:
                con.execute(f"delete from ledger.{table}")
            con.execute(f"insert into ledger.{table} by name select {columns}, {commit_id}::BIGINT as commit_id from {source}")
        if kind in REPLACED:
            con.execute("delete from taken_results where kind = ?", [kind])
        con.execute("insert into taken_results values (?, ?, ?)", [kind, run_id, commit_id])
        con.execute(
            "insert into commits select ?, ?, newest_known_us, newest_occurred_us, hash_a, hash_b from commits order by commit_id desc limit 1",
            [commit_id, now_us],
        )
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    if kind in REPLACED:
        _forget_before(home.spool / kind, run_id)
    return commit_id


def _forget_before(folder: Path, run_id: str) -> None:
    """Remove the results that this one has replaced; ids sort in the order in which they were made."""
    for entry in folder.iterdir():
        if entry.name < run_id and not entry.name.startswith("."):
            shutil.rmtree(entry, ignore_errors=True)
