"""Rows for people: the codes that a dimension has for the ids in them.

Belongs here: putting `item_code`, `location_code` … in the place of ids. Does not belong here: which rows are shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import duckdb

DIMENSIONS: Final = ("item", "location", "channel", "supplier")
_IDS_IN_TEXT: Final = re.compile(rf"\b({'|'.join(DIMENSIONS)})_id=(-?\d+)")
"""As `macros/checks.sql` writes the key of a row."""


def in_codes(execute: Callable[[str], Any], rows: Sequence[Mapping[str, Any]], schema: str = "core") -> list[dict[str, Any]]:
    """The rows with a code in the place of every id that its dimension knows; of others the id stays.

    `execute` asks a database that has the dimensions in `schema`.
    """
    wanted: dict[str, set[int]] = {}
    for row in rows:
        for dimension, number in _ids(row):
            wanted.setdefault(dimension, set()).add(number)
    codes = {dimension: _codes(execute, schema, dimension, ids) for dimension, ids in wanted.items()}
    return [dict(_named(name, value, codes) for name, value in row.items()) for row in rows]


def _ids(row: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    for name, value in row.items():
        if isinstance(value, int) and (dimension := _dimension(name)):
            yield dimension, value
        if isinstance(value, str):
            yield from ((found[1], int(found[2])) for found in _IDS_IN_TEXT.finditer(value))


def _dimension(column: str) -> str | None:
    """The dimension that describes a column's ids: also `from_location_id`, `component_item_id`.

    >>> _dimension("from_location_id"), _dimension("event_id")
    ('location', None)
    """
    return next((name for name in DIMENSIONS if column == f"{name}_id" or column.endswith(f"_{name}_id")), None)


def _codes(execute: Callable[[str], Any], schema: str, dimension: str, ids: Iterable[int]) -> dict[int, str]:
    listed = ", ".join(str(number) for number in sorted(ids))
    try:
        found = execute(
            f"select {dimension}_id, {dimension}_code from {schema}.dim_{dimension} where {dimension}_id in ({listed})"
        ).fetchall()
    except duckdb.Error:  # a database without the dimension: its ids stay
        return {}
    return {int(number): str(code) for number, code in found if code is not None}


def _named(name: str, value: Any, codes: Mapping[str, Mapping[int, str]]) -> tuple[str, Any]:
    dimension = _dimension(name)
    if dimension and value in codes.get(dimension, {}):
        return f"{name.removesuffix('_id')}_code", codes[dimension][value]
    if isinstance(value, str):
        return name, _IDS_IN_TEXT.sub(lambda found: _in_text(found, codes), value)
    return name, value


def _in_text(found: re.Match[str], codes: Mapping[str, Mapping[int, str]]) -> str:
    code = codes.get(found[1], {}).get(int(found[2]))
    return found[0] if code is None else f"{found[1]}_code={code}"
