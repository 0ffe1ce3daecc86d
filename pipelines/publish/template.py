"""The part of a published file that only a new build of the marts changes, kept in the home from process to process.

Belongs here: keeping it and knowing whether what is kept still holds. Does not belong here: what is in it (`snapshot`).
Making one binds every view, which takes a second; a command that publishes once would pay for it every time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.settings import Home


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """The bytes of a database file, and the queries of the views over the ledger in it, by name."""

    content: bytes
    views: Mapping[str, str]


def key_of(*parts: str | Sequence[str]) -> str:
    """A name for everything that a template is made of.

    >>> key_of("a", ["b", "c"]) == key_of("a", ["b", "c"]) != key_of("a", ["bc"])
    True
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def kept(home: Home, key: str) -> Template | None:
    """The template that was kept under this key; null when there is none, another, or a damaged one."""
    try:
        told = json.loads(_told(home).read_bytes())
        if told["key"] != key:
            return None
        content = _file(home).read_bytes()
    except (OSError, ValueError, KeyError):
        return None
    return Template(content, told["views"]) if hashlib.sha256(content).hexdigest() == told["sha256"] else None


def keep(home: Home, key: str, template: Template) -> None:
    """Keep a template instead of the one before.

    Nothing is synced and two may keep at once: a pair that is not whole, or does not fit, is seen when it is read, and no use.
    """
    _file(home).parent.mkdir(parents=True, exist_ok=True)
    told = {"key": key, "sha256": hashlib.sha256(template.content).hexdigest(), "views": dict(template.views)}
    for file, content in ((_file(home), template.content), (_told(home), json.dumps(told).encode())):
        file.write_bytes(content)


def _file(home: Home) -> Path:
    return home.run / "publish" / "template.duckdb"


def _told(home: Home) -> Path:
    return home.run / "publish" / "template.json"
