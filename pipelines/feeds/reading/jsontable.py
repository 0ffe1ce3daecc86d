"""JSON Lines that are all written after one pattern, read as a table: what most machines send.

Such lines name the same fields in the same order, with the same blanks, and each field is either text everywhere or a
plain number everywhere. Cut at its commas every line gives as many pieces, and each piece begins as that of the first
line does; that alone proves which fields there are, and costs half of what a parser of JSON costs. Whatever does not
look so, text with a comma or an escape in it among them, is left to the other ways.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import polars as pl

_QUOTE, _COMMA, _BLANK = 34, 44, 32
_OPENING: Final = re.compile(rb'[ {]*"([^"\\,]+)": ?')
_WHOLE: Final = r"^(?:0|-?[1-9][0-9]{0,14})$"
_WHOLE_OR_FRACTION: Final = r"^(?:0|-?[1-9][0-9]{0,10}|-?(?:0|[1-9][0-9]{0,9})\.[0-9]{0,3}[1-9])$"
"""Only as a float would be written back, so that this way gives what the others give."""


class _Field(NamedTuple):
    """A field of the pattern: its name, and the piece up to its value (with the quote where it is text)."""

    name: str
    opening: str
    is_text: bool


def read_alike(block: bytes, rows: int, may_have_fraction: Callable[[str], bool]) -> pl.DataFrame | None:
    """The block with every field as text; null when its `rows` lines are not proven to be of one pattern."""
    if not block.isascii() or b"\\" in block:
        return None
    fields = _pattern(block[: block.find(b"\n") + 1].rstrip(b"\n"))
    if fields is None:
        return None
    view = np.frombuffer(block, np.uint8)
    quotes = sum(4 if field.is_text else 2 for field in fields)
    if np.count_nonzero(view == _QUOTE) != rows * quotes or np.count_nonzero(view == _COMMA) != rows * (len(fields) - 1):
        return None
    if np.count_nonzero(view < _BLANK) != rows - (not block.endswith(b"\n")):
        return None  # a control character that is no line end
    try:
        pieces = pl.read_csv(block, has_header=False, separator=",", quote_char=None, schema={field.name: pl.String() for field in fields})
    except pl.exceptions.PolarsError:
        return None  # a line of more pieces
    if pieces.height != rows or any(pieces.null_count().row(0)):
        return None
    last = fields[-1].name
    if not pieces[last].str.ends_with("}").all():
        return None
    return _values(pieces.with_columns(pl.col(last).str.head(-1)), fields, may_have_fraction)


def _pattern(line: bytes) -> list[_Field] | None:
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
        fields.append(_Field(match[1].decode(), match[0].decode() + ('"' if is_text else ""), is_text))
    is_plain = [field.name for field in fields] == names and len(set(names)) == len(names)
    is_plain = is_plain and fields[0].opening.startswith("{") and all("{" not in field.opening for field in fields[1:])
    return fields if is_plain and fields[0].opening.count("{") == 1 else None


def _values(pieces: pl.DataFrame, fields: list[_Field], may_have_fraction: Callable[[str], bool]) -> pl.DataFrame | None:
    """The pieces without what is around their values; null unless each is as the pattern says."""
    shortest, longest = (pieces.select(size).row(0) for size in (pl.all().str.len_bytes().min(), pl.all().str.len_bytes().max()))
    proofs = [pl.col(field.name).str.starts_with(field.opening).all().alias(f"~{field.name}") for field in fields]
    values = []
    for field, least, most in zip(fields, shortest, longest, strict=True):
        piece, begin = pl.col(field.name), len(field.opening)
        if least < begin + field.is_text:
            return None
        if not field.is_text:
            values.append(piece.str.slice(begin))
            continue
        proofs.append(piece.str.ends_with('"').all())
        # text of one width is cut in one step
        values.append(piece.str.slice(begin, most - begin - 1) if least == most else piece.str.slice(begin).str.head(-1))
    if not all(pieces.select(proofs).row(0)):
        return None
    frame = pieces.select(values)
    numbers = [(field.name, _WHOLE_OR_FRACTION if may_have_fraction(field.name) else _WHOLE) for field in fields if not field.is_text]
    return frame if all(frame[name].str.contains(form).all() for name, form in numbers) else None
