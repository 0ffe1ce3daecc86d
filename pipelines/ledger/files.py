"""The ledger as others see it: immutable Parquet, and the list of what is current.

Belongs here: flushing the owner's ledger tables to files, merging small files, and `current.json`. Does not belong
here: what is in the tables (`pipelines.owner`), or deleting files (`pipelines.publish.retention`).

A file holds all rows of one table for a range of commits. The warehouse keeps every row, so merging files is writing
the joined range once more. `current.json` names the commit and every file; it is replaced as a whole.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.durable import write_bytes_whole, write_whole
from pipelines.failpoints import failpoint
from pipelines.ledger import hashing
from pipelines.ledger.results import REPLACED_TABLES, VIEWED_TABLES
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import Home
from pipelines.sql_text import literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MERGE_RATIO: Final = 4
"""Two neighbouring files are merged while the older has less than this many times the rows of the newer."""

MAX_MERGED_ROWS: Final = 2_000_000
"""Files above this stay as they are: rewriting them costs more than reading one file more."""


@dataclasses.dataclass(frozen=True, slots=True)
class LedgerFile:
    """One Parquet file of one table; `path` is relative to the ledger's folder."""

    path: str
    rows: int
    min_commit_id: int
    max_commit_id: int


@dataclasses.dataclass(frozen=True, slots=True)
class LedgerVersion:
    """What `current.json` says: everything up to a commit, in these files."""

    generation: int
    commit_id: int
    ledger_hash: str
    newest_known_at: str | None
    newest_occurred_at: str | None
    written_at: str
    tables: dict[str, tuple[LedgerFile, ...]]

    def to_json(self) -> str:
        """As stored."""
        stored: dict[str, Any] = dataclasses.asdict(self)
        stored["tables"] = {name: {"files": [dataclasses.asdict(file) for file in files]} for name, files in self.tables.items()}
        return json.dumps(stored, indent=1)


def read_current(home: Home) -> LedgerVersion | None:
    """The current version; null in a home without one."""
    path = home.ledger / "current.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    stored["tables"] = {name: tuple(LedgerFile(**file) for file in table["files"]) for name, table in stored["tables"].items()}
    return LedgerVersion(**stored)


def rows_by_table(home: Home) -> tuple[int, dict[str, int]]:
    """The commit that the ledger's files stand at, and the rows of each table; commit 0 and nothing in a new home."""
    current = read_current(home)
    if current is None:
        return 0, {}
    return current.commit_id, {name: sum(file.rows for file in files) for name, files in current.tables.items()}


def newest_known_at(home: Home) -> datetime | None:
    """When the newest delivery of the ledger was first seen; null where nothing has come."""
    current = read_current(home)
    return datetime.fromisoformat(current.newest_known_at) if current and current.newest_known_at else None


def newest_input_commit(current: LedgerVersion) -> int:
    """The newest commit that marts are built from; results and decisions do not count, they are read through views. 0 without any."""
    inputs = (file for name, files in current.tables.items() if name not in VIEWED_TABLES for file in files)
    return max((file.max_commit_id for file in inputs), default=0)


def rows_above(home: Home, commit_id: int) -> int:
    """Rows of movements and events in files that hold nothing up to this commit; 0 in a home without a ledger.

    A small file that was merged over the commit does not count: this is for telling a backfill from a day's business.
    """
    current = read_current(home)
    files = (file for name in ("movements", "events") for file in current.tables.get(name, ())) if current else ()
    return sum(file.rows for file in files if file.min_commit_id > commit_id)


def is_empty(home: Home) -> bool:
    """Whether nothing was ever delivered to the home."""
    current = read_current(home)
    return current is None or current.newest_known_at is None


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """The newest commit and what is known of it; instants as ISO text in UTC, null where nothing came yet."""

    commit_id: int
    ledger_hash: str
    newest_known_at: str | None
    newest_occurred_at: str | None


def standing(con: duckdb.DuckDBPyConnection) -> Standing:
    """Read the newest commit."""
    commit_id, a, b, known, occurred = con.execute("""
        select commit_id, hash_a, hash_b, strftime(make_timestamp(newest_known_us), '%Y-%m-%dT%H:%M:%S.%fZ'),
            strftime(make_timestamp(newest_occurred_us), '%Y-%m-%dT%H:%M:%S.%fZ')
        from commits order by commit_id desc limit 1""").fetchall()[0]
    return Standing(commit_id, hashing.hash_text(a, b), known, occurred)


def generation_of(con: duckdb.DuckDBPyConnection) -> int:
    """Which making of the warehouse this is."""
    return int(con.execute("select generation from home").fetchall()[0][0])


def flush(con: duckdb.DuckDBPyConnection, home: Home, now: datetime) -> LedgerVersion:
    """Write what is not yet in files, and make it current. Returns the version, the old one if nothing was new."""
    at = standing(con)
    before = read_current(home)
    generation = generation_of(con)
    if before is not None and (before.generation != generation or before.commit_id > at.commit_id):
        before = None  # another warehouse's files: write all anew
    # a list that an older version wrote lacks the tables that have come since: they are added, without rows
    if before is not None and before.commit_id == at.commit_id and before.tables.keys() >= LEDGER_TABLES.keys():
        return before
    tables: dict[str, tuple[LedgerFile, ...]] = {}
    for name in LEDGER_TABLES:
        files = list(before.tables.get(name, ())) if before else []
        if name in REPLACED_TABLES:
            tables[name] = _newest_alone(con, home, name, generation, tuple(files))
            continue
        after = before.commit_id if before else -1
        bulk = _bulk_files(con, after) if name == "movements" else []
        rows = con.execute(f'select count(*) from ledger."{name}" where commit_id > {after}').fetchall()[0][0]
        if rows or not (files or bulk):
            files = [file for file in files if file.rows]  # the empty first file has served
            low, high = after + 1, at.commit_id
            while (
                files
                and "-bulk-" not in files[-1].path
                and files[-1].rows < MERGE_RATIO * rows
                and files[-1].rows + rows <= MAX_MERGED_ROWS
            ):
                merged = files.pop()
                low, rows = merged.min_commit_id, rows + merged.rows
            path = f"{name}/g{generation:04d}-{low:012d}-{high:012d}.parquet"
            _write(con, home.ledger / path, name, low, high)
            failpoint("after_flush_file")
            files.append(LedgerFile(path, rows, low, high))
        tables[name] = (*bulk, *files)
    version = LedgerVersion(generation, at.commit_id, at.ledger_hash, at.newest_known_at, at.newest_occurred_at, now.isoformat(), tables)
    write_bytes_whole(home.ledger / "current.json", version.to_json().encode())
    failpoint("after_current")
    return version


def _newest_alone(
    con: duckdb.DuckDBPyConnection, home: Home, table: str, generation: int, before: tuple[LedgerFile, ...]
) -> tuple[LedgerFile, ...]:
    """The one file of a table whose newest result replaces the one before; an empty one until the first has come."""
    ((newest, rows),) = con.execute(f'select coalesce(max(commit_id), 0), count(*) from ledger."{table}"').fetchall()
    if before and before[-1].max_commit_id >= newest:
        return before
    path = f"{table}/g{generation:04d}-{newest:012d}-{newest:012d}.parquet"
    _write(con, home.ledger / path, table, newest, newest)
    return (LedgerFile(path, rows, newest, newest),)


def _has_replaced(con: duckdb.DuckDBPyConnection, after_commit_id: int) -> bool:
    """Whether a commit above this one replaced rows, which a tail beside the old file could not say."""
    newest = " union all ".join(f'select max(commit_id) as newest from ledger."{table}"' for table in sorted(REPLACED_TABLES))
    return bool(con.execute(f"select count(*) from ({newest}) where newest > ?", [after_commit_id]).fetchall()[0][0])


def _bulk_files(con: duckdb.DuckDBPyConnection, after_commit_id: int) -> list[LedgerFile]:
    """Files that big batches wrote straight; they go first, so that the newest small file can be merged with."""
    return [
        LedgerFile(path, rows, commit_id, commit_id)
        for path, rows, commit_id in con.execute(
            "select path, row_count, commit_id from bulk_files where commit_id > ? order by commit_id", [after_commit_id]
        ).fetchall()
    ]


def has_unlisted(con: duckdb.DuckDBPyConnection, after_commit_id: int) -> bool:
    """Whether a commit above this one has a file, or has replaced rows, that only the next flush will list."""
    return bool(_bulk_files(con, after_commit_id)) or _has_replaced(con, after_commit_id)


def tail(con: duckdb.DuckDBPyConnection, after_commit_id: int) -> dict[str, pa.Table]:
    """Rows of every ledger table above a commit, as Arrow; tables without any are left out, and those that only a flush can replace."""
    found = {}
    for name in LEDGER_TABLES:
        if name in REPLACED_TABLES:
            continue
        rows = con.sql(f'select * from ledger."{name}" where commit_id > {after_commit_id}').to_arrow_table()
        if rows.num_rows:
            found[name] = rows
    return found


def tail_rows(con: duckdb.DuckDBPyConnection, after_commit_id: int) -> int:
    """How many rows are not in files yet, over the big tables."""
    return int(
        con.execute(f"""
        select (select count(*) from ledger.movements where commit_id > {after_commit_id})
            + (select count(*) from ledger.events where commit_id > {after_commit_id})""").fetchall()[0][0]
    )


def _write(con: duckdb.DuckDBPyConnection, path: Path, table: str, low: int, high: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)

    def copy(temporary: Path) -> None:
        rows = f'select * from ledger."{table}" where commit_id between {low} and {high}'
        con.execute(f"copy ({rows}) to {literal(temporary)} (format parquet, compression lz4_raw, use_tmp_file false)")

    write_whole(path, copy)
    return path
