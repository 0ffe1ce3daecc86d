"""A first draft of a mapping from JSON documents: what their rows may be, and which path may be which field.

As with tables, a person reads and corrects it before anything is read through it.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, Final

from pipelines.feeds.mapping.draft import Draft, likely_fields
from pipelines.feeds.mapping.paths import rows_of
from pipelines.feeds.mapping.propose import fields_said, files_said, pattern_of
from pipelines.feeds.reading.csvlines import BOM
from pipelines.feeds.reading.jsonlines import decode
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.registry import known_fields

_SAMPLE: Final = 200
"""So many rows are looked at."""
_DEEP: Final = 4
_BESIDE: Final = frozenset({"attributes", "errors", "warnings", "links", "meta", "pagination", "related_objects"})
"""What pages have beside their documents."""
_SAYS_SOMETHING: Final = 2
"""So many fields beside a list make a document of what is around it, and no page."""
_PATHS: Final = 400


@dataclasses.dataclass(frozen=True, slots=True)
class JsonProposal:
    """The draft of one file of documents; as `propose.Proposal` of a table. `at` is where the documents lie, `rows` what their rows are."""

    feed: str
    entity: str | None
    pattern: str
    at: str
    rows: str
    values: list[str]
    fields: list[str]


def propose_json(content: bytes, feed: str, entity: str | None = None, name: str = "") -> str | None:
    """A draft (TOML) for a file of documents; null where it holds none. `name` as for tables."""
    proposal = json_proposal_of(content, feed, entity, name)
    return as_json_text([proposal]) if proposal is not None else None


def json_proposal_of(content: bytes, feed: str, entity: str | None = None, name: str = "") -> JsonProposal | None:
    """The same, to be put together with others (`as_json_text`)."""
    try:
        values = _values(content)
    except Refused:
        return None
    at, documents = _documents(values, feed, entity)
    if not documents:
        return None
    rows = max(_row_paths(documents), key=lambda path: (_told(documents, path, feed, entity), -path.count(".")))
    found = [row for document in documents for row in _rows(document, rows)][:_SAMPLE]
    paths = list(dict.fromkeys(path for row in found for path in row))[:_PATHS]
    hints = {"id": "document_id", f"{rows}.id": "document_line"} if rows and entity is None else {}
    draft = Draft(feed, entity, paths, [[row.get(path, "") for path in paths] for row in found], hints)
    return JsonProposal(feed, entity, pattern_of(name) if entity else "", at, rows, draft.values(), draft.lines())


def as_json_text(proposals: list[JsonProposal]) -> str:
    """One draft of files that lie in one folder: their documents lie where those of the first do; the others are named."""
    first = proposals[0]
    alike = [one for one in proposals if (one.at, one.feed) == (first.at, first.feed)]
    rows = {one.entity: one.rows for one in alike if one.rows and one.entity}
    lines = [f'feed = "{first.feed}"', *files_said([(one.pattern, one.entity) for one in alike])]
    lines.append(f"documents = {json.dumps(first.at)}")
    if len(rows) > 0 and len(alike) > 1:
        lines.append(f"rows = {{ {', '.join(f'{entity} = {json.dumps(path)}' for entity, path in rows.items())} }}")
    else:
        lines.append(f"rows = {json.dumps(first.rows)}")
    return "\n".join([*lines, *fields_said(alike, proposals)]) + "\n"


def _values(content: bytes) -> list[Any]:
    content = content.removeprefix(BOM).strip()
    try:
        return [decode(content, limit=None)]
    except Refused:
        return [decode(line.strip()) for line in content.split(b"\n")[:_SAMPLE] if line.strip()]


def _documents(values: list[Any], feed: str, entity: str | None) -> tuple[str, list[dict[str, Any]]]:
    """Where the documents lie, and some of them: the values, their elements, or the list in a page that says nothing of its own."""
    flat = [one for value in values for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)][:_SAMPLE]
    if len(flat) == 1:
        at = _wrapped_at(flat[0], feed, entity)
        if at and not _says_something({name: inner for name, inner in flat[0].items() if name != at}, feed, entity):
            found: Any = flat[0]
            for name in at.split("."):
                found = found[name]
            return at, [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)][:_SAMPLE]
    return "", flat


def _wrapped_at(page: dict[str, Any], feed: str, entity: str | None) -> str:
    """The path to the one object of a page that says something itself, else to its one list of objects; empty where there is neither."""
    page = {name: inner for name, inner in page.items() if name.strip("@_").lower() not in _BESIDE}
    objects = [name for name, inner in page.items() if isinstance(inner, dict) and not re.search(r"[.\[\]]", name)]
    if len(objects) == 1 and len(page) == 1 and _says_something(page[objects[0]], feed, entity):
        return objects[0]
    lists = [path for path in _row_paths([page]) if path.count("[]") == 1]
    return lists[0].removesuffix("[]") if len(lists) == 1 else ""


def _says_something(value: dict[str, Any], feed: str, entity: str | None) -> bool:
    """Whether an object has fields of its own, and not only lists and what pages say."""
    around: dict[str, str] = {}
    _flatten(value, "", around, 0)
    return len({field for name in around for field, *_ in _likely(name, feed, entity)[:1]}) >= _SAYS_SOMETHING


def _likely(path: str, feed: str, entity: str | None) -> list[tuple[str, int, bool]]:
    """The fields that the last name of a path may stand for, the likeliest first."""
    known, _ = known_fields(feed, entity)
    return likely_fields(path, known, entity or feed)


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
    rows = [row for document in documents[:20] for row in _rows(document, path)]
    told: dict[str, int] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        for field, *_ in _likely(name, feed, entity)[:1]:
            is_own = path != "" and name.startswith(f"{path}.")
            told[field] = max(told.get(field, 0), 1 + is_own + 4 * (field in ("quantity", "item_code")))
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
