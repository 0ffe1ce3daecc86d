"""Small figures about a home, for whoever shows it: feeds, the ledger's tables, the marts.

Belongs here: counts and times that are read, never reckoned. Does not belong here: marts or formulas (dbt), printing (`cli`).
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

from pipelines.settings import Home

_FEEDS_SQL = """
select feed, count(*), cast(sum(rows_in) as bigint), cast(sum(accepted) as bigint), cast(sum(quarantined) as bigint), max(first_known_at)
from ops.deliveries group by feed"""


@dataclasses.dataclass(frozen=True, slots=True)
class FeedSeen:
    """What has come from one feed so far; `last_seen_at` is null where nothing has."""

    feed: str
    deliveries: int = 0
    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    last_seen_at: datetime | None = None


def feeds_seen(home: Home) -> dict[str, FeedSeen]:
    """Every feed of the registry by name, as readers see it now; all zero in a home that has published nothing."""
    from pipelines.feeds.registry import FEED_NAMES
    from pipelines.publish.reader import run_sql

    seen = {name: FeedSeen(name) for name in FEED_NAMES}
    if home.published_file.exists():
        seen |= {row[0]: FeedSeen(*row) for row in run_sql(home, _FEEDS_SQL).rows}
    return seen


def ledger_rows(home: Home) -> tuple[int, dict[str, int]]:
    """The commit that the ledger's files stand at, and the rows of each table; commit 0 and nothing in a new home."""
    from pipelines.warehouse.ledger import read_current

    current = read_current(home)
    if current is None:
        return 0, {}
    return current.commit_id, {name: sum(file.rows for file in files) for name, files in current.tables.items()}


def newest_known_at(home: Home) -> datetime | None:
    """When the newest delivery of the ledger was first seen; null where nothing has come."""
    from pipelines.warehouse.ledger import read_current

    current = read_current(home)
    return datetime.fromisoformat(current.newest_known_at) if current and current.newest_known_at else None


def marts_rows(home: Home) -> dict[str, int]:
    """Rows of every table in the marts' database by `schema.name`; the caller holds the build lock."""
    from pipelines.warehouse.marts_export import open_marts

    con = open_marts(home)
    try:
        named = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
        counts = [f"select '{name}', count(*) from {name}" for (name,) in named]
        return {name: int(rows) for name, rows in con.execute(" union all ".join(counts)).fetchall()} if counts else {}
    finally:
        con.close()


def published_rows(home: Home, tables: tuple[str, ...]) -> dict[str, int]:
    """Rows of published tables by `schema.name`."""
    from pipelines.publish.reader import run_sql

    return {name: int(run_sql(home, f"select count(*) from {name}").rows[0][0]) for name in tables}


def landing_mark(home: Home) -> str:
    """A short text that changes when a file comes to the landing folder, changes or goes; empty where none lies there."""
    import hashlib

    seen = hashlib.sha256()
    files = sorted(path for path in home.landing.rglob("*") if path.is_file() and not _is_unfinished(path))
    for path in files:
        status = path.stat()
        seen.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return seen.hexdigest()[:16] if files else ""


def _is_unfinished(path: Path) -> bool:
    return path.name.startswith(".") or path.suffix in (".part", ".tmp")


def is_up(home: Home) -> bool:
    """Whether `parstock up` runs in this home."""
    import fcntl

    try:
        with (home.run / "up.lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
