"""A first draft of a mapping from JSON documents: what their rows may be, and which path may be which field.

As with tables, a person reads and corrects it before anything is read through it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pipelines.feeds.mapping.draft import Draft
from pipelines.feeds.mapping.paths import rows_of
from pipelines.feeds.mapping.propose import pattern_of
from pipelines.feeds.mapping.words import fields_of, plain_word
from pipelines.feeds.reading.csvlines import BOM
from pipelines.feeds.reading.jsonlines import decode
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.registry import known_fields

_SAMPLE: Final = 200
"""So many rows are looked at."""
_DEEP: Final = 4
_PATHS: Final = 400


def propose_json(content: bytes, feed: str, entity: str | None = None, name: str = "") -> str | None:
    """A draft (TOML) for a file of documents; null where it holds none. `name` as for tables."""
    try:
        values = _values(content)
    except Refused:
        return None
    at, documents = _documents(values)
    if not documents:
        return None
    rows = max(_row_paths(documents), key=lambda path: (_told(documents, path, feed, entity), -path.count(".")))
    found = [row for document in documents for row in _rows(document, rows)][:_SAMPLE]
    paths = list(dict.fromkeys(path for row in found for path in row))[:_PATHS]
    hints = {"id": "document_id", f"{rows}.id": "document_line"} if rows and entity is None else {}
    draft = Draft(feed, entity, paths, [[row.get(path, "") for path in paths] for row in found], hints)
    head = [f'feed = "{feed}"']
    if name and entity:
        head.append(f"files = {{ {json.dumps(pattern_of(name), ensure_ascii=False)} = [{json.dumps(entity)}] }}")
    head += [f"documents = {json.dumps(at)}", f"rows = {json.dumps(rows)}", "", "[values]", *draft.values()]
    return "\n".join([*head, '# time_zone = "Europe/Paris"   # of written times; else that of the place', "", *draft.lines()]) + "\n"


def _values(content: bytes) -> list[Any]:
    content = content.removeprefix(BOM).strip()
    try:
        return [decode(content, limit=None)]
    except Refused:
        return [decode(line.strip()) for line in content.split(b"\n")[:_SAMPLE] if line.strip()]


def _documents(values: list[Any]) -> tuple[str, list[dict[str, Any]]]:
    """Where the documents lie, and some of them: the values, their elements, or a page's list of them."""
    flat = [one for value in values for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)][:_SAMPLE]
    if len(flat) == 1:
        lists = [
            name for name, value in flat[0].items() if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
        ]
        plain = [name for name, value in flat[0].items() if not isinstance(value, dict | list)]
        if len(lists) == 1 and len(plain) <= 3 and re.fullmatch(r"[^.\[\]]+", lists[0]):
            return lists[0], flat[0][lists[0]][:_SAMPLE]
    return "", flat


def _row_paths(documents: list[dict[str, Any]]) -> list[str]:
    """The documents themselves, and every list of objects in them, by its path."""
    found: dict[str, None] = {"": None}

    def look(value: dict[str, Any], path: str, depth: int) -> None:
        for name, inner in value.items():
            here = f"{path}.{name}" if path else name
            if depth > _DEEP or re.search(r"[.\[\]]", name):
                continue
            if isinstance(inner, dict):
                look(inner, here, depth + 1)
            elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
                found[f"{here}[]"] = None
                look(inner[0], f"{here}[]", depth + 1)

    for document in documents[:20]:
        look(document, "", 0)
    return list(found)


def _told(documents: list[dict[str, Any]], path: str, feed: str, entity: str | None) -> int:
    """How much the rows at a path tell of what the feed needs: fields that only they have count twice, the quantity most."""
    known, _ = known_fields(feed, entity)
    words = fields_of(entity)
    rows = [row for document in documents[:20] for row in _rows(document, path)]
    told: dict[str, int] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        word = plain_word(name.rpartition(".")[2])
        fields = [field for field in known if plain_word(field) == word] + [field for field, _ in words.get(word, ())]
        field = next((one for one in fields if one in known), None)
        if field is not None:
            is_own = path != "" and name.startswith(f"{path}.")
            told[field] = max(told.get(field, 0), 1 + is_own + 2 * (field in ("quantity", "item_code")))
    return sum(told.values())


def _rows(document: dict[str, Any], path: str) -> list[dict[str, str]]:
    """The plain values of each row of a document, those of what is around it included, by path."""
    try:
        rows = list(rows_of(document, path))
    except Refused:
        return []
    found = []
    for row in rows:
        values: dict[str, str] = {}
        _flatten(row.document, "", values, 0)
        for prefix, element in row.elements.items():
            _flatten(element, prefix, values, 0)
        found.append(values)
    return found


def _flatten(value: dict[str, Any], path: str, into: dict[str, str], depth: int) -> None:
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if re.search(r"[.\[\]]", name) or depth > _DEEP:
            continue
        if isinstance(inner, dict):
            _flatten(inner, here, into, depth + 1)
        elif inner is not None and not isinstance(inner, list):
            into[here] = str(inner).lower() if isinstance(inner, bool) else str(inner)
