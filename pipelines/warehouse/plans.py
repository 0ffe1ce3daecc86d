"""Taking planning results into the ledger.

Belongs here: reading `spool/plans/<run_id>/` and appending it, once. Does not belong here: planning itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipelines.settings import Home
from pipelines.warehouse.tables import LEDGER_TABLES

if TYPE_CHECKING:
    import duckdb

TABLES: Final = ("plan_runs", "plan_items", "plan_proposals")


def waiting_runs(con: duckdb.DuckDBPyConnection, home: Home) -> list[str]:
    """Runs that lie in the spool and are not in the ledger yet, in the order of their ids."""
    folder = home.spool / "plans"
    if not folder.is_dir():
        return []
    taken = {row[0] for row in con.execute("select run_id from taken_plans").fetchall()}
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".") and entry.name not in taken)


def take(con: duckdb.DuckDBPyConnection, home: Home, run_id: str, now_us: int) -> int:
    """Append one run in one commit; returns the commit."""
    commit_id = int(con.execute("select max(commit_id) + 1 from commits").fetchall()[0][0])
    con.execute("begin")
    try:
        for table in TABLES:
            path = str(home.spool / "plans" / run_id / f"{table}.parquet").replace("'", "''")
            columns = ", ".join(name for name in LEDGER_TABLES[table] if name != "commit_id")
            con.execute(
                f"insert into ledger.{table} by name select {columns}, {commit_id}::BIGINT as commit_id from read_parquet('{path}')"
            )
        con.execute("insert into taken_plans values (?, ?)", [run_id, commit_id])
        con.execute(
            "insert into commits select ?, ?, newest_known_us, newest_occurred_us, hash_a, hash_b from commits order by commit_id desc limit 1",
            [commit_id, now_us],
        )
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return commit_id
