"""The SQL of a published file: views over explicit lists of Parquet, the tail, the marts, their comments.

Belongs here: text. Pure functions of what the owner's list, its tail and a marts build say. Does not belong here:
running it (`snapshot`). Every statement is one that DuckDB 1.2 understands, for its clients read these views.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.marts.build_files import MartsBuild
from pipelines.sql_text import listed, literal

FORMAT_VERSION = 1
"""Of the published file as a whole; grows when readers would have to know."""

PUBLICATION_COLUMNS = {
    "version": ("BIGINT", "Number of this publication; a later one is higher."),
    "published_at": ("TIMESTAMPTZ", "When it was published (UTC)."),
    "newest_known_at": ("TIMESTAMPTZ", "When the newest delivery in it was first seen (UTC); null while there is none."),
    "newest_occurred_at": ("TIMESTAMPTZ", "When the newest event in it happened (UTC); null while there is none."),
    "commit_id": ("BIGINT", "The ledger's newest commit in it."),
    "marts_commit_id": ("BIGINT", "The ledger's commit that the dbt marts rest on; hot views reach up to commit_id."),
    "ledger_hash": ("VARCHAR", "Hash of the effective movements: equal for the same events in any order."),
    "marts_build": ("VARCHAR", "The dbt build that the marts come from."),
    "format_version": ("INTEGER", "Version of the form of this file."),
}


def ledger_views(ledger_folder: Path, ledger: Mapping[str, Any], tails: Collection[str], marts_commit_id: int) -> dict[str, str]:
    """The query of every ledger view: `<table>` holds all rows, `<table>_new` those above the marts' commit.

    `ledger` is the content of `ledger/current.json`, `tails` names the tables that have a table `ledger.<t>_tail` in the
    file, `ledger_folder` is absolute. A table without files has its columns and no rows.
    """
    views = {}
    for table, columns in LEDGER_TABLES.items():
        files = ledger["tables"].get(table, {}).get("files", [])
        newer = [file for file in files if file["max_commit_id"] is not None and file["max_commit_id"] > marts_commit_id]
        above = f" WHERE commit_id > {marts_commit_id}"
        tail = [f"SELECT {', '.join(columns)} FROM ledger.{table}_tail"] if table in tails else []
        everything = [_from_parquet(ledger_folder, columns, files)] if files else []
        new = [_from_parquet(ledger_folder, columns, newer) + above] if newer else []
        views[table] = " UNION ALL ".join(everything + tail) or _no_rows(columns)
        views[f"{table}_new"] = " UNION ALL ".join(new + [query + above for query in tail]) or _no_rows(columns)
    return views


def _from_parquet(folder: Path, columns: Iterable[str], files: Sequence[Mapping[str, Any]]) -> str:
    """All rows of these files, in the ledger's order of columns. A file from before a column was added has nulls there."""
    paths = listed(folder / file["path"] for file in files)
    generations = {generation.group() for file in files if (generation := re.search(r"/g\d+-", file["path"]))}
    # Only then, for it reads the end of every file before the first row.
    by_name = ", union_by_name = true" if len(generations) > 1 else ""
    return f"SELECT {', '.join(columns)} FROM read_parquet([{paths}]{by_name})"


def _no_rows(columns: Mapping[str, str]) -> str:
    """The columns and no rows; the optimizer sees at once that there is nothing to read."""
    return f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in columns.items())} WHERE false"


def tail_table(table: str, source: str) -> str:
    """The statement that copies rows not flushed yet into the file, typed as the ledger's Parquet is."""
    columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in LEDGER_TABLES[table].items())
    return f"CREATE TABLE ledger.{table}_tail AS SELECT {columns} FROM {source}"


def marts_statements(build: MartsBuild, folder: Path) -> list[str]:
    """Schemas, `ops.publication` (empty), mart views, hot views and table macros; after the ledger's views.

    `folder` is the build's folder, absolute. `ledger.pin` is a table: it is one row, and says what the rest rests on.
    `ledger.newest` says how new this file is, so that no view has to look through the newest rows for it.
    """
    schemas = {"ledger", "ops"} | {relation.schema for relation in build.relations}
    statements = [f"CREATE SCHEMA IF NOT EXISTS {_name(schema)}" for schema in sorted(schemas)]
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in PUBLICATION_COLUMNS.items())
    statements.append(f"CREATE TABLE ops.publication ({columns})")
    statements.append("CREATE VIEW ledger.newest AS SELECT newest_known_at, newest_occurred_at, published_at FROM ops.publication")
    comments = []
    for relation in build.relations:
        name = f"{_name(relation.schema)}.{_name(relation.name)}"
        if relation.kind == "macro":
            statements.append(str(relation.sql))
            continue
        source = relation.sql if relation.kind == "view" else f"SELECT * FROM read_parquet({literal(folder / str(relation.file))})"
        sort = "TABLE" if relation.full_name == "ledger.pin" else "VIEW"
        statements.append(f"CREATE {sort} {name} AS {source}")
        if relation.comment:
            comments.append(f"COMMENT ON {sort} {name} IS {literal(relation.comment)}")
        comments += [f"COMMENT ON COLUMN {name}.{_name(column)} IS {literal(text)}" for column, text in relation.column_comments.items()]
    comments.append("COMMENT ON TABLE ops.publication IS 'Grain: one row. What this file shows, and how new it is.'")
    comments += [f"COMMENT ON COLUMN ops.publication.{name} IS {literal(text)}" for name, (_, text) in PUBLICATION_COLUMNS.items()]
    return statements + comments


def _name(identifier: str) -> str:
    """An identifier that may be a reserved word."""
    return '"' + identifier.replace('"', '""') + '"'
