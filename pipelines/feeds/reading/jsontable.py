"""JSON Lines that are all written after one pattern, read as a table: what most machines send.

Such lines name the same fields in the same order, with the same blanks, and each field is either text everywhere or a
plain number everywhere. Cut at its commas every line gives as many pieces, and each piece begins as that of the first
line does; that alone proves which fields there are (`jsoncut.py`), and costs a third of what a parser of JSON costs.
Whatever does not look so, text with a comma or an escape in it among them, is left to the other ways.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

import polars as pl

from pipelines.feeds.reading.jsoncut import Cut, Field, cut

_OPENING: Final = re.compile(rb'[ {]*"([^"\\,]+)": ?')
_WHOLE: Final = r"^(?:0|-?[1-9][0-9]{0,14})$"
_WHOLE_OR_FRACTION: Final = r"^(?:0|-?[1-9][0-9]{0,10}|-?(?:0|[1-9][0-9]{0,9})\.[0-9]{0,3}[1-9])$"
"""Only as a float would be written back, so that this way gives what the others give."""


def read_alike(block: bytes, rows: int, may_have_fraction: Callable[[str], bool]) -> pl.DataFrame | None:
    """The block with every field as text; null when its `rows` lines are not proven to be of one pattern."""
    if not block.isascii() or b"\\" in block:
        return None
    fields = _pattern(block[: block.find(b"\n") + 1].rstrip(b"\n"))
    if fields is None:
        return None
    found = cut(block, rows, fields)
    return found.frame if found is not None and _are_numbers(found, fields, may_have_fraction) else None


def _pattern(line: bytes) -> list[Field] | None:
    """The fields of a line, if it can be the pattern for others."""
    try:
        names = [name for name, _ in json.loads(line, object_pairs_hook=list)]
    except (ValueError, TypeError):
        return None
    fields = []
    for piece in line.split(b","):
        match = _OPENING.match(piece)
        if match is None:
            return None
        is_text = piece[match.end() : match.end() + 1] == b'"'
        fields.append(Field(match[1].decode(), match[0].decode() + ('"' if is_text else ""), is_text))
    is_plain = [field.name for field in fields] == names and len(set(names)) == len(names)
    is_plain = is_plain and fields[0].opening.startswith("{") and all("{" not in field.opening for field in fields[1:])
    return fields if is_plain and fields[0].opening.count("{") == 1 else None


def _are_numbers(found: Cut, fields: list[Field], may_have_fraction: Callable[[str], bool]) -> bool:
    """Whether what is not text is a number in every row."""
    wanted = [field.name for field in fields if not field.is_text and field.name not in found.digits]
    return all(found.frame[name].str.contains(_WHOLE_OR_FRACTION if may_have_fraction(name) else _WHOLE).all() for name in wanted)
