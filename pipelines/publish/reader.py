"""Reading the published file the safe way: one version, whole, and nothing else on the machine.

Belongs here: the hardened opening, rows by column name, and the one question at a time that `parstock sql` asks. Does not belong here:
printing (the command's), or writing (`snapshot`).
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import UserError
from pipelines.publish.names import current_version, version_file
from pipelines.settings import Home, Settings
from pipelines.sql_text import literal

_EXPLAIN = re.compile(r"^\s*explain\s+(analyze\s+)?(\([^)]*\)\s*)?", re.IGNORECASE)

_OPENING = threading.Lock()
"""Connections of one process to one version share an engine: the first sets it up, and locks it, before another sees it."""


@dataclasses.dataclass(frozen=True, slots=True)
class SqlResult:
    """An answer: the names of its columns, and its rows in Python's own types (instants aware, in UTC)."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def open_published(home: Home, *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the version that is current now; close it to see a later one.

    `threads` of the engine: null for what the settings say.

    The symlink is resolved first: DuckDB keeps one instance a path, and would show a later version's readers the old
    one. The connection reaches the ledger's and the marts' files and no others, and no setting can be changed.
    Raises UserError (exit code 2) in a home that has not published yet.
    """
    version = current_version(home)
    if version is None:
        raise UserError("nothing has been published in this home yet", where=str(home.published_file), next_step="parstock run --from DIR")
    with _OPENING:
        return _opened(version_file(home, version).resolve(), _settings(home.root.resolve(), threads))


def _opened(file: Path, settings: list[str]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(file), read_only=True)
    try:
        locked = con.execute("SELECT current_setting('lock_configuration')").fetchone()
        if not (locked and locked[0]):
            con.execute("SET enable_progress_bar = false")  # of this connection; DuckDB writes it to stdout
            for setting in settings:
                con.execute(f"SET GLOBAL {setting}")
    except BaseException:
        con.close()
        raise
    return con


def _settings(root: Path, threads: int | None) -> list[str]:
    """The hardening, in the order in which it must be said: the folders before the ban, the lock last."""
    machine = Settings()
    spill = root / "run" / "sql"
    return [
        f"threads = {threads or machine.threads}",
        f"memory_limit = {literal(machine.memory_limit)}",
        f"temp_directory = {literal(spill)}",
        "max_temp_directory_size = '10GB'",
        "TimeZone = 'UTC'",
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "allow_community_extensions = false",
        "python_enable_replacements = false",
        f"allowed_directories = [{literal(root / 'ledger')}, {literal(root / 'marts')}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ]


def run_sql(home: Home, sql: str) -> SqlResult:
    """Answer one query on the published tables.

    Raises UserError (exit code 2) for anything but one SELECT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN, and for SQL that
    DuckDB refuses, in DuckDB's words.
    """
    _require_question(sql)
    con = open_published(home)
    try:
        cursor = con.execute(sql)
        return SqlResult([column[0] for column in cursor.description or []], cursor.fetchall())
    except duckdb.Error as error:
        lines = str(error).strip().splitlines()
        raise UserError(lines[0], where="\n".join(lines[1:]).strip() or None, next_step='parstock sql "show all tables"') from error
    finally:
        con.close()


def dicts(con: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
    """The rows of a query by the names of its columns. Of values by name only those that the query names (`$name`) are handed over."""
    if isinstance(values, Mapping):
        values = {name: value for name, value in values.items() if f"${name}" in query}
    cursor = con.execute(query, values) if values else con.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _require_question(sql: str) -> None:
    """Refuse what is not a question; a read-only file alone would still let COPY write beside the ledger's files."""
    try:
        kinds = [statement.type for statement in duckdb.extract_statements(sql)]
        if kinds == [duckdb.StatementType.EXPLAIN]:
            kinds = [statement.type for statement in duckdb.extract_statements(_EXPLAIN.sub("", sql, count=1))]
    except duckdb.Error as error:
        lines = str(error).strip().splitlines()
        raise UserError(lines[0], where="\n".join(lines[1:]).strip() or None) from error
    if kinds != [duckdb.StatementType.SELECT]:
        said = ", ".join(kind.name for kind in kinds) or "nothing"
        raise UserError(
            "published tables are read-only: one SELECT at a time",
            where=f"the statement is: {said}",
            next_step='parstock sql "select * from stock.on_hand limit 10"',
        )
