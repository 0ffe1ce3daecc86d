"""`parstock publish --full OUT`: one self-contained file for machines that do not have the home.

Belongs here: turning every published view into a table of one file. Does not belong here: the snapshot that readers
on this machine get (`snapshot`), whose views need the home's Parquet.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb

from pipelines.durable import sync
from pipelines.errors import UserError
from pipelines.marts.build_files import load_build
from pipelines.publish.names import current_version, version_file
from pipelines.publish.writing import STORAGE_VERSION
from pipelines.settings import Home, Settings
from pipelines.sql_text import literal


@dataclasses.dataclass(frozen=True, slots=True)
class FullCopy:
    """A self-contained file: where it lies, which version it shows, its tables, their rows in all, its size in bytes."""

    path: Path
    version: int
    tables: int
    rows: int
    size_bytes: int


def write_full_copy(home: Home, out: Path) -> FullCopy:
    """Write the current publication to `out` as tables, with its table macros and descriptions.

    Written beside `out` and renamed when whole. Raises UserError (exit code 2) where `out` exists, for somebody may
    have it open, or where nothing has been published yet.
    """
    version = current_version(home)
    if version is None:
        raise UserError("nothing has been published in this home yet", where=str(home.published_file), next_step="parstock run --from DIR")
    if out.exists():
        raise UserError("the file already exists", where=str(out), next_step="name another file, or remove this one")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.tmp")
    temporary.unlink(missing_ok=True)
    machine = Settings()
    con = duckdb.connect(":memory:", config={"threads": machine.threads, "memory_limit": machine.memory_limit})
    try:
        con.execute("SET enable_progress_bar = false")
        con.execute(f"ATTACH {literal(version_file(home, version).resolve())} AS published (READ_ONLY)")
        con.execute(f"ATTACH {literal(temporary)} AS copy (STORAGE_VERSION '{STORAGE_VERSION}')")
        tables, rows = _copy_tables(con)
        _copy_macros(con, home)
        con.execute("CHECKPOINT copy")
        con.execute("USE memory")
        con.execute("DETACH copy")
    except BaseException:
        con.close()
        temporary.unlink(missing_ok=True)
        temporary.with_name(temporary.name + ".wal").unlink(missing_ok=True)
        raise
    con.close()
    sync(temporary)
    temporary.rename(out)
    return FullCopy(out, version, tables, rows, out.stat().st_size)


def _copy_tables(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Every view and table of the publication as a table; returns how many, and their rows in all."""
    relations = con.execute(
        "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE database_name = 'published' AND NOT internal "
        "UNION ALL SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE database_name = 'published' ORDER BY ALL"
    ).fetchall()
    # The tail stands in the ledger's views already; nothing else in the file names it.
    relations = [relation for relation in relations if not (relation[0] == "ledger" and relation[1].endswith("_tail"))]
    rows = 0
    for schema, name, comment in relations:
        table = f'"{schema}"."{name}"'
        con.execute(f'CREATE SCHEMA IF NOT EXISTS copy."{schema}"')
        counted = con.execute(f"CREATE TABLE copy.{table} AS SELECT * FROM published.{table}").fetchone()
        rows += int(counted[0]) if counted else 0
        if comment:
            con.execute(f"COMMENT ON TABLE copy.{table} IS {literal(comment)}")
    columns = con.execute(
        "SELECT schema_name, table_name, column_name, comment FROM duckdb_columns() "
        "WHERE database_name = 'published' AND comment IS NOT NULL"
    ).fetchall()
    for schema, name, column, comment in columns:
        con.execute(f'COMMENT ON COLUMN copy."{schema}"."{name}"."{column}" IS {literal(comment)}')
    return len(relations), rows


def _copy_macros(con: duckdb.DuckDBPyConnection, home: Home) -> None:
    """The table macros, as the build that the publication names carries them."""
    named = con.execute("SELECT marts_build FROM published.ops.publication").fetchone()
    con.execute("USE copy")
    for relation in load_build(home.marts / named[0]).relations if named else ():
        if relation.kind == "macro":
            con.execute(f'CREATE SCHEMA IF NOT EXISTS "{relation.schema}"')
            con.execute(str(relation.sql))
