"""The part of a published file that only a new build of the marts changes, kept in the home from process to process.

Belongs here: making it, bringing the former build's up to a new one, keeping it, and knowing whether what is kept still
holds. Does not belong here: the ledger's newest rows and the publication's row (`snapshot`).
Making one binds every view, which takes a second; a new build that has changed nothing but rows costs a fifth of that.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines.ledger.files import read_current
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.marts.build_files import MartsBuild
from pipelines.publish import snapshot_sql as sql
from pipelines.publish.writing import STORAGE_VERSION, Writer
from pipelines.settings import Home


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """The bytes of a database file, the queries of the views over the ledger in it by name, and the statements of its marts.

    `form` names what has to be the same for a template to be brought up to another build.
    """

    content: bytes
    views: Mapping[str, str]
    statements: Sequence[str] = ()
    form: str = ""


def template_of(home: Home, marts: MartsBuild, views: Mapping[str, str], writer: Writer) -> Template:
    """The template of a build: the one that is kept, else the former build's brought up to this one, else made anew.

    `views` are the ledger's as they are now: a start, for each version brings them up to its own.
    """
    parts = _Parts.of(home, marts)
    found = kept(home, parts.key)
    if found is None:
        with making(home):
            found = _kept_or_written(home, parts, views, writer)
    return found


def prepare(home: Home, marts: MartsBuild) -> None:
    """Have the template of a build that was exported just now, so that its first publication need not make one.

    The caller holds `making`.
    """
    current = read_current(home)
    ledger = json.loads(current.to_json()) if current else {"tables": {}}
    with Writer() as writer:
        views = sql.ledger_views(home.root.resolve() / "ledger", ledger, (), marts.commit_id)
        _kept_or_written(home, _Parts.of(home, marts), views, writer)


@contextlib.contextmanager
def making(home: Home) -> Iterator[None]:
    """Let one at a time make a template: others wait, and find it. Not for the same caller twice."""
    path = home.run / "publish" / "template.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def key_of(*parts: str | Sequence[str]) -> str:
    """A name for everything that a template is made of.

    >>> key_of("a", ["b", "c"]) == key_of("a", ["b", "c"]) != key_of("a", ["bc"])
    True
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def kept(home: Home, key: str) -> Template | None:
    """The template that was kept under this key; null when there is none, another, or a damaged one."""
    return _read(home, "key", key)


def keep(home: Home, key: str, template: Template) -> None:
    """Keep a template instead of the one before.

    Nothing is synced and two may keep at once: a pair that is not whole, or does not fit, is seen when it is read, and no use.
    """
    _file(home).parent.mkdir(parents=True, exist_ok=True)
    told = {
        "key": key, "sha256": hashlib.sha256(template.content).hexdigest(), "form": template.form, "views": dict(template.views),
        "statements": list(template.statements),
    }  # fmt: skip
    for file, content in ((_file(home), template.content), (_told(home), json.dumps(told).encode())):
        file.write_bytes(content)


@dataclasses.dataclass(frozen=True, slots=True)
class _Parts:
    """What a build's template is made of: its statements; `key` names all of it, `form` all but what may be brought up to date."""

    key: str
    form: str
    statements: Sequence[str]

    @classmethod
    def of(cls, home: Home, marts: MartsBuild) -> _Parts:
        assert marts.folder is not None
        root = home.root.resolve()
        statements = sql.marts_statements(marts, root / "marts" / marts.folder.name)
        # a view keeps the columns that it was bound with
        columns = [f"{one.full_name}:{(one.fingerprint or '').split(':', 3)[-1]}" for one in marts.relations if one.kind == "parquet"]
        form = key_of(duckdb.__version__, STORAGE_VERSION, str(sql.FORMAT_VERSION), str(root), repr(LEDGER_TABLES), columns)
        return cls(key_of(form, marts.name, statements), form, statements)


def _kept_or_written(home: Home, parts: _Parts, views: Mapping[str, str], writer: Writer) -> Template:
    found = kept(home, parts.key)
    if found is None:
        found = _updated(home, parts, views, writer) or _made(home, parts, views, writer)
        keep(home, parts.key, found)
    return found


def _made(home: Home, parts: _Parts, views: Mapping[str, str], writer: Writer) -> Template:
    # Views over the tail cannot be bound here, where it is missing: those are made anew in every version.
    fixed = _without_tail(views)
    placeholders = {name: query for name, query in sql.ledger_views(home.root, {"tables": {}}, (), 0).items() if name not in fixed}
    ledger = {**fixed, **placeholders}
    creations = [f"CREATE VIEW ledger.{name} AS {query}" for name, query in ledger.items()]
    content = _written(home, writer, b"", ["CREATE SCHEMA ledger", *creations, *parts.statements])
    return Template(content, ledger, parts.statements, parts.form)


def _updated(home: Home, parts: _Parts, views: Mapping[str, str], writer: Writer) -> Template | None:
    """The former build's template over this build's files; null where more than files and the ledger's views has changed."""
    before = _read(home, "form", parts.form)
    if before is None or len(before.statements) != len(parts.statements):
        return None
    changed = [(old, new) for old, new in zip(before.statements, parts.statements, strict=True) if old != new]
    if not all(_is_over_a_file(new) and _head(old) == _head(new) for old, new in changed):
        return None
    names = [_head(new).split(" ", 2)[2] for _, new in changed]
    # a comment goes with what it is on when that is replaced
    on = tuple(f"COMMENT ON {what}" for name in names for what in (f"VIEW {name} ", f"TABLE {name} ", f"COLUMN {name}."))
    ledger = {name: query for name, query in _without_tail(views).items() if before.views.get(name) != query}
    content = _written(home, writer, before.content, [
        *(f"CREATE OR REPLACE VIEW ledger.{name} AS {query}" for name, query in ledger.items()),
        *(new.replace("CREATE ", "CREATE OR REPLACE ", 1) for _, new in changed),
        *(one for one in parts.statements if one.startswith(on)),
    ])  # fmt: skip
    return Template(content, {**before.views, **ledger}, parts.statements, parts.form)


def _written(home: Home, writer: Writer, start: bytes, statements: Sequence[str]) -> bytes:
    """The content of a database file after these statements."""
    path = _file(home).with_name("making.duckdb")
    path.unlink(missing_ok=True)
    if start:
        path.write_bytes(start)
    writer.write(path, statements)
    content = path.read_bytes()
    path.unlink()
    return content


def _is_over_a_file(statement: str) -> bool:
    return statement.startswith(("CREATE VIEW ", 'CREATE TABLE "ledger"."pin" ')) and " AS SELECT * FROM read_parquet(" in statement


def _head(statement: str) -> str:
    """What a statement creates: `CREATE VIEW "stock"."daily"`."""
    return statement.partition(" AS ")[0]


def _without_tail(views: Mapping[str, str]) -> dict[str, str]:
    return {name: query for name, query in views.items() if "_tail" not in query}


def _read(home: Home, name: str, wanted: str) -> Template | None:
    """What is kept, where it says this of itself and is whole."""
    try:
        told = json.loads(_told(home).read_bytes())
        if told[name] != wanted:
            return None
        content = _file(home).read_bytes()
        if hashlib.sha256(content).hexdigest() != told["sha256"]:
            return None
        return Template(content, told["views"], told["statements"], told["form"])
    except (OSError, ValueError, KeyError):
        return None


def _file(home: Home) -> Path:
    return home.run / "publish" / "template.duckdb"


def _told(home: Home) -> Path:
    return home.run / "publish" / "template.json"
