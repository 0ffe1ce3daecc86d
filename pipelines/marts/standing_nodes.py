"""What need not be built again: views and seeds that stand in `marts.duckdb` as the build before left them.

Belongs here: when they still hold, and remembering them. Does not belong here: running dbt (`dbt`), or the order of a build
(`pipelines.build`). A view is its text, and no view's text depends on what is in the ledger; a seed is its file. Whatever is
in doubt (another project, policy, dbt or form of the ledger; a database that anybody has written to since) means: build
everything.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import duckdb

from pipelines.durable import write_bytes_whole
from pipelines.ledger.files import read_current
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.marts.export import BuiltNode
from pipelines.marts.parsed_project import content_of
from pipelines.settings import Home, policy_folder

BUILT_EVERY_TIME: Final = ("config.materialized:table", "config.materialized:incremental", "resource_type:test")
"""dbt's selectors of what runs where the rest stands: all that holds rows of the ledger, and every test."""


def standing_nodes(home: Home, project: Path, key: str | None = None) -> list[BuiltNode]:
    """The views and seeds that hold; none where everything has to be built. The caller holds the build lock.

    `key` is `key_of` now; null where it is still to be asked for.
    """
    try:
        kept = json.loads(_file(home).read_bytes())
        if (kept["key"], kept["database"]) != (key or key_of(home, project), _marks(home)):
            return []
        return [BuiltNode(**(node | {"tags": frozenset(node["tags"])})) for node in kept["nodes"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # nothing kept, or by a version that kept something else
        return []


def remember(home: Home, project: Path, nodes: Sequence[BuiltNode], key: str | None = None, *, as_of: dt.datetime | None = None) -> None:
    """After a full build that was exported: what the next one may leave standing.

    `key` is `key_of` from before the build: what was changed while it ran is no longer that, and is built by the next one.
    `as_of` is the instant that the build was for.
    """
    stand = [dataclasses.asdict(node) | {"tags": sorted(node.tags)} for node in nodes if node.materialized in ("view", "seed")]
    content = {
        "key": key or key_of(home, project),
        "database": _marks(home),
        "nodes": stand,
        "as_of_on": as_of and as_of.astimezone(dt.UTC).date().isoformat(),
    }
    write_bytes_whole(_file(home), json.dumps(content).encode())


def begin(home: Home, project: Path) -> None:
    """Write down `key_of` before a build whose end is in another process; `begun` reads it there."""
    write_bytes_whole(_begun_file(home), key_of(home, project).encode())


def begun(home: Home) -> str | None:
    """`key_of` as it was when the build began; null where nobody wrote it down."""
    try:
        return _begun_file(home).read_text()
    except FileNotFoundError:
        return None


def is_as_built(home: Home, project: Path) -> bool:
    """Whether project, policies and the ledger's form are what the newest build was made of; false where nobody wrote that down."""
    try:
        return bool(json.loads(_file(home).read_bytes())["key"] == key_of(home, project))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False


def is_of_that_day(home: Home, as_of: dt.datetime) -> bool:
    """Whether the newest build is for the day (UTC) of an instant: on another one demand has another last whole day. True where nobody wrote it down."""
    try:
        said = json.loads(_file(home).read_bytes()).get("as_of_on")
    except (FileNotFoundError, ValueError):
        return True
    return said is None or bool(said == as_of.astimezone(dt.UTC).date().isoformat())


def policies_of(project: Path) -> list[Path]:
    """The CSV files that are seeds: the project's, or the planners' own where they keep them elsewhere (seen from the project, as by dbt)."""
    return sorted(policy_folder(project).glob("*.csv"))


def key_of(home: Home, project: Path) -> str:
    """A name for everything that the text of a view and the rows of a seed are made of."""
    made_by = [version(name) for name in ("dbt-core", "dbt-duckdb", "duckdb")]
    seen = hashlib.sha256(repr((content_of(project), str(project.resolve()), made_by, _ledger_columns(home))).encode())
    for path in policies_of(project):
        seen.update(path.name.encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()


def _ledger_columns(home: Home) -> object:
    """The columns that the ledger's tables should have, and those that its files do have: a view keeps those it was made with."""
    current = read_current(home)
    files = tuple(str(home.ledger.resolve() / file.path) for files in current.tables.values() for file in files) if current else ()
    return sorted(LEDGER_TABLES.items()), _columns_of(files)


@functools.lru_cache(maxsize=1)
def _columns_of(files: tuple[str, ...]) -> object:
    """The columns of files, which never change; the standing processes ask every few seconds."""
    with duckdb.connect() as con:
        return con.execute(
            "select distinct parse_path(file_name)[-2], name, type, converted_type, logical_type from parquet_schema(?) where num_children is null order by all",
            [list(files)],
        ).fetchall() if files else []  # fmt: skip


def _marks(home: Home) -> list[int]:
    """What changes in the database's file with every write to it, whoever writes.

    Raises FileNotFoundError where there is none, or where a killed writer has left changes beside it.
    """
    if home.marts_file.with_name(home.marts_file.name + ".wal").exists():
        raise FileNotFoundError
    found = home.marts_file.stat()
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def _file(home: Home) -> Path:
    return home.run / "dbt" / "standing.json"


def _begun_file(home: Home) -> Path:
    return home.run / "dbt" / "begun"
