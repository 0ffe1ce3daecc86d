"""Paths in JSON documents: `billing.country`, `line_items[].sku`, `links[0].href`, `meta_data[key=size].value`.

`[]` stands for each element of a list, `[0]` for its first, `[key=size]` for the first whose `key` is `size`. An object where
a list is meant counts as a list of one, for some systems send a single child so. Paths are written from the top of the
document: one that begins as the path to the rows does means the row's own element there.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from pipelines.feeds.reading.rows import Refused

EACH: Final = "[]"
_STEP: Final = r"[^.\[\]]+(?:\[(?:|[0-9]{1,3}|[^.\[\]=]+=[^.\[\]]*)\])?"
_FORM: Final = re.compile(rf"{_STEP}(?:\.{_STEP})*")
_CHOSEN: Final = re.compile(r"([^\[]+)\[(?:([0-9]+)|([^=]+)=(.*))\]")


def is_path(text: str) -> bool:
    """Whether a text is a path.

    >>> is_path("line_items[].sku"), is_path("a..b"), is_path("a[0].b"), is_path("a[k=v].b"), is_path("a[x].b")
    (True, False, True, True, False)
    """
    return _FORM.fullmatch(text) is not None


def lists_of(path: str) -> tuple[str, ...]:
    """The lists that a path goes through, from the outermost.

    >>> lists_of("orders[].lines[].sku")
    ('orders[]', 'orders[].lines[]')
    """
    return tuple(path[: found.end()] for found in re.finditer(re.escape(EACH), path))


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row of a document: the document, and the element of each list on the way to the row, by the path to the list."""

    document: dict[str, Any]
    elements: dict[str, Any]

    def value(self, path: str) -> Any:
        """What stands at a path, as decoded; null where nothing does."""
        held, rest = _split(path)
        found: Any = self.document if held is None else self.elements.get(held)
        for name in rest:
            if not isinstance(found, dict):
                return None
            found = _chosen(found, name) if name.endswith("]") else found.get(name)
        return found


def _chosen(value: dict[str, Any], name: str) -> Any:
    """The element of a list that a step names by its place or by one of its fields; null without it."""
    match = _CHOSEN.fullmatch(name)
    found = value.get(match.group(1)) if match else None
    if match is None or not isinstance(found, list | dict):
        return None
    elements = found if isinstance(found, list) else [found]
    if match.group(2):
        place = int(match.group(2))
        return elements[place] if place < len(elements) else None
    field, wanted = match.group(3), match.group(4)
    return next((one for one in elements if isinstance(one, dict) and str(one.get(field)) == wanted), None)


@lru_cache(maxsize=4096)
def _split(path: str) -> tuple[str | None, tuple[str, ...]]:
    """The innermost list that a path goes through (null: none), and the names behind it."""
    lists = lists_of(path)
    held = lists[-1] if lists else None
    rest = path[len(held) + 1 :] if held is not None else path
    return held, tuple(rest.split(".")) if rest else ()


def rows_of(document: dict[str, Any], path: str) -> Iterator[Row]:
    """The rows of a document; raises Refused where a list on the way is missing (one that is null or empty has no rows)."""
    yield from _rows(Row(document, {}), lists_of(path))


def _rows(row: Row, lists: tuple[str, ...]) -> Iterator[Row]:
    if not lists:
        yield row
        return
    here = lists[0].removesuffix(EACH)
    found = row.value(here)
    if found is None and not _is_named(row, here):
        raise Refused("missing_field", here)
    elements = [] if found is None else found if isinstance(found, list) else [found]
    for element in elements:
        if not isinstance(element, dict):
            raise Refused("not_an_object", lists[0])
        yield from _rows(Row(row.document, {**row.elements, lists[0]: element}), lists[1:])


def _is_named(row: Row, path: str) -> bool:
    """Whether the object that a path ends in has the last of its names."""
    held, names = _split(path)
    found: Any = row.document if held is None else row.elements.get(held)
    for name in names[:-1]:
        found = found.get(name) if isinstance(found, dict) else None
    return isinstance(found, dict) and names[-1] in found


def at(value: Any, path: str) -> Iterator[Any]:
    """The documents of a decoded value: what stands at the path (empty: the value itself), each element of a list by itself."""
    if isinstance(value, list):
        for element in value:
            yield from at(element, path) if path else iter((element,))
        return
    if path:
        found: Any = value
        for name in path.split("."):
            if not isinstance(found, dict) or name not in found:
                raise Refused("missing_field", path)
            found = found[name]
        yield from found if isinstance(found, list) else (found,)
        return
    yield value
