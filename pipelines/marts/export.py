"""From `marts.duckdb` to `marts/<build>/`: immutable Parquet and the SQL of what must stay fresh.

Belongs here: what is exported, in which order, and how it reaches the disk whole. Does not belong here: running
dbt (`pipelines.marts.dbt`), or making a published file of it (`pipelines.publish`).
The only openings of `marts.duckdb` besides dbt's are here, by a caller that holds the home's build lock.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.durable import sync
from pipelines.errors import UserError
from pipelines.marts.build_files import BUILD_FILE, MartsBuild, Relation, build_folders, build_number, latest_build
from pipelines.settings import Home
from pipelines.sql_text import literal

HOT_TAG = "hot"
# Steps on the way: exported only where something that is read needs them.
_INNER_SCHEMAS = frozenset({"staging", "intermediate", "ledger"})
_LOCK_WAIT_SECONDS = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class BuiltNode:
    """What dbt says of one model, seed or snapshot it has just built.

    `materialized` is dbt's word (table, incremental, view, seed …); `compiled_code` is null for seeds.
    """

    schema: str
    name: str
    materialized: str
    tags: frozenset[str]
    compiled_code: str | None
    database: str
    comment: str = ""
    column_comments: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Pin:
    """The ledger's commit that a build saw, its hash (null in an empty home), and when it was pinned."""

    commit_id: int
    ledger_hash: str | None
    pinned_at: dt.datetime


def open_marts(home: Home) -> duckdb.DuckDBPyConnection:
    """Open dbt's database read-only; waits while another process (a plain `dbt`) has it open.

    Raises UserError (exit code 3) after a minute. The caller holds the build lock.
    """
    opened: duckdb.DuckDBPyConnection = _when_free(home, lambda: duckdb.connect(str(home.marts_file), read_only=True))
    return opened


def attach_marts(execute: Callable[[str], Any], home: Home) -> None:
    """Like `open_marts`, beside other tables: attach dbt's database as `marts`. Whoever attaches it must detach it."""
    _when_free(home, lambda: execute(f"ATTACH {literal(home.marts_file)} AS marts (READ_ONLY)"))


def _when_free(home: Home, opening: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            return opening()
        except duckdb.IOException as error:
            if "lock" not in str(error).lower() or time.monotonic() > deadline:
                raise UserError(
                    "the marts' database cannot be opened",
                    where=f"{home.marts_file}: {str(error).splitlines()[0]}",
                    next_step="end the program that holds it open, then build again",
                    exit_code=3,
                ) from error
            time.sleep(0.2)


def export_marts(home: Home, nodes: Sequence[BuiltNode], *, finished_at: dt.datetime) -> MartsBuild:
    """Write the marts of a finished full build to a new folder under `marts/` and return the build.

    Tables become Parquet, views and table macros stay SQL without the database's name. A table that holds the same
    rows as in the build before shares its file (hard link). `finished_at` is when dbt's last node ended (`read_pin`).
    A HUGEINT column, which Parquet would turn into DOUBLE without a word, is refused (UserError, exit code 1).
    """
    _sweep(home)
    con = open_marts(home)
    try:
        con.execute("SET enable_progress_bar = false")
        con.execute("SET TimeZone = 'UTC'")
        pin = read_pin(con, finished_at)
        before = latest_build(home)
        number = 1 + max((build_number(folder.name) or 0 for folder in build_folders(home)), default=0)
        name = f"{number:06d}-c{pin.commit_id}"
        relations = _wanted(con, nodes)
        _refuse_hugeint(con, relations)
        temporary = home.marts / f".{name}.tmp"
        temporary.mkdir(parents=True)
        written = tuple(_write(con, relation, temporary, before) for relation in relations)
    finally:
        con.close()
    build = MartsBuild(name, home.marts / name, pin.commit_id, pin.ledger_hash, pin.pinned_at, relations=written)
    (temporary / BUILD_FILE).write_text(json.dumps(build.to_json(), indent=1), encoding="utf-8")
    for file in temporary.iterdir():
        sync(file)
    sync(temporary)
    temporary.rename(home.marts / name)
    sync(home.marts)
    return build


def read_pin(con: duckdb.DuckDBPyConnection, finished_at: dt.datetime) -> Pin:
    """The commit that the marts in this database rest on.

    A pin younger than `finished_at` belongs to somebody else's build, which began when ours had ended: the tables may
    be of either, so it is refused (UserError, exit code 1).
    """
    row = con.execute("SELECT commit_id, ledger_hash, pinned_at FROM ledger.pin").fetchone()
    if row is None:
        raise UserError("the build did not pin the ledger", where="ledger.pin is empty", next_step="build again", exit_code=3)
    commit_id, ledger_hash, pinned_at = row
    pinned_at = pinned_at if pinned_at.tzinfo else pinned_at.replace(tzinfo=dt.UTC)
    if pinned_at > finished_at:
        raise UserError("another dbt changed the marts before they were exported", where="ledger.pin", next_step="build again", exit_code=1)
    return Pin(int(commit_id), ledger_hash, pinned_at)


def without_database(sql: str, database: str) -> str:
    """Take the database's name out of qualified names: the SQL is carried into files of other names.

    >>> without_database('select * from "marts"."stock"."on_hand" join marts.core.dim_item', "marts")
    'select * from "stock"."on_hand" join core.dim_item'
    """
    name = re.escape(database)
    return re.sub(rf'(?<![\w."\'])(?:"{name}"|{name})\s*\.\s*(?="?\w+"?\s*\.)', "", sql)


def in_dependency_order(relations: Iterable[Relation]) -> list[Relation]:
    """Sort so that SQL stands after everything it names; names of one rank keep their alphabetical order.

    dbt allows no circle; a seeming one (an alias and a column that read like a relation's name) is passed over.
    """
    by_name = {relation.full_name: relation for relation in sorted(relations, key=lambda relation: relation.full_name)}
    ordered: dict[str, Relation] = {}
    underway: set[str] = set()

    def place(name: str) -> None:
        if name in ordered or name in underway:
            return
        underway.add(name)
        for needed in _named_in(by_name[name], by_name):
            place(needed)
        underway.discard(name)
        ordered[name] = by_name[name]

    for name in by_name:
        place(name)
    return list(ordered.values())


def _named_in(relation: Relation, known: Mapping[str, Relation]) -> list[str]:
    """The relations of `known` that this one's SQL names, itself left out (a macro's CREATE names itself)."""
    if relation.sql is None:
        return []
    words = {f"{schema}.{name}" for schema, name in re.findall(r'"?(\w+)"?\s*\.\s*"?(\w+)"?', relation.sql)}
    return sorted(word for word in words if word in known and word != relation.full_name)


def _wanted(con: duckdb.DuckDBPyConnection, nodes: Sequence[BuiltNode]) -> list[Relation]:
    """Everything readers see, and the inner steps that its SQL needs, in dependency order."""
    everything = {relation.full_name: relation for relation in [_relation(node) for node in nodes] + _macros(con)}
    wanted: dict[str, Relation] = {}

    def want(relation: Relation) -> None:
        if relation.full_name not in wanted:
            wanted[relation.full_name] = relation
            for name in _named_in(relation, everything):
                want(everything[name])

    comment = "Grain: one row. The ledger's commit that the marts rest on."
    want(Relation("ledger", "pin", "parquet", file="ledger.pin.parquet", comment=comment))
    for relation in everything.values():
        if relation.schema not in _INNER_SCHEMAS or relation.is_hot or relation.kind == "macro":
            want(relation)
    return in_dependency_order(wanted.values())


def _relation(node: BuiltNode) -> Relation:
    """A built node as a relation without its rows."""
    is_view = node.materialized == "view"
    return Relation(
        schema=node.schema,
        name=node.name,
        kind="view" if is_view else "parquet",
        file=None if is_view else f"{node.schema}.{node.name}.parquet",
        sql=without_database(node.compiled_code or "", node.database).strip().rstrip(";") if is_view else None,
        is_hot=HOT_TAG in node.tags,
        comment=node.comment,
        column_comments=dict(node.column_comments),
    )


def _macros(con: duckdb.DuckDBPyConnection) -> list[Relation]:
    """The table macros that dbt's project keeps in `ops.table_macros`; none where the table is missing."""
    found = con.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'ops' AND table_name = 'table_macros'").fetchone()
    if not found or not found[0]:
        return []
    named = con.execute("SELECT current_database()").fetchone()
    database = str(named[0]) if named else "marts"
    rows = con.execute("SELECT schema_name, macro_name, macro_sql FROM ops.table_macros").fetchall()
    return [
        Relation(schema, name, "macro", sql=without_database(sql, database).strip().rstrip(";"), is_hot=True) for schema, name, sql in rows
    ]


def _refuse_hugeint(con: duckdb.DuckDBPyConnection, relations: Sequence[Relation]) -> None:
    """Refuse 128-bit integers in what is to become Parquet, naming every column at once."""
    columns = con.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() WHERE data_type ILIKE '%HUGEINT%'"
    ).fetchall()
    files = {relation.full_name for relation in relations if relation.kind == "parquet"}
    wrong = [f"{table}.{column} is {kind}" for table, column, kind in columns if table in files]
    if wrong:
        raise UserError(
            "Parquet has no HUGEINT: a sum needs a cast",
            where="; ".join(sorted(wrong)),
            next_step="cast the sums to BIGINT or DECIMAL in those models, then build again",
            exit_code=1,
        )


def _write(con: duckdb.DuckDBPyConnection, relation: Relation, folder: Path, before: MartsBuild | None) -> Relation:
    """Put one relation's rows into the folder; SQL needs no file and passes through."""
    if relation.kind != "parquet" or relation.file is None:
        return relation
    table = f'"{relation.schema}"."{relation.name}"'
    columns = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()
    names = ", ".join(f'"{column}"' for column, _ in columns)
    # A sum of row hashes does not depend on the order of the rows; the shape and the engine are part of the mark,
    # for equal rows of other types, or other hashes of the same rows, are not the same file.
    counted = con.execute(f"SELECT count(*), coalesce(sum(hash({names})), 0)::VARCHAR FROM {table}").fetchone()
    rows, hashes = counted if counted else (0, "0")
    fingerprint = f"{duckdb.__version__}:{rows}:{hashes}:{','.join(f'{column} {kind}' for column, kind in columns)}"
    target = folder / relation.file
    former = _former_file(relation, fingerprint, before)
    if former is None or not _link(former, target):
        con.execute(f"COPY {table} TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)")
    return dataclasses.replace(relation, rows=int(rows), fingerprint=fingerprint)


def _former_file(relation: Relation, fingerprint: str, before: MartsBuild | None) -> Path | None:
    """The file of the build before with the same rows, if there is one."""
    if before is None or before.folder is None:
        return None
    for former in before.relations:
        if former.full_name == relation.full_name and former.fingerprint == fingerprint and former.file:
            return before.folder / former.file
    return None


def _link(former: Path, target: Path) -> bool:
    """Share a file; False where the file system cannot (the rows are then written again)."""
    try:
        os.link(former, target)
    except OSError:
        return False
    return True


def _sweep(home: Home) -> None:
    """Remove folders that an export left behind when it was killed; the build lock says nobody writes them."""
    home.marts.mkdir(parents=True, exist_ok=True)
    for entry in home.marts.glob(".*.tmp"):
        shutil.rmtree(entry, ignore_errors=True)


def marts_rows(home: Home) -> dict[str, int]:
    """Rows of every table in the marts' database by `schema.name`; the caller holds the build lock."""
    con = open_marts(home)
    try:
        named = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
        counts = [f"select '{name}', count(*) from {name}" for (name,) in named]
        return {name: int(rows) for name, rows in con.execute(" union all ".join(counts)).fetchall()} if counts else {}
    finally:
        con.close()
