"""The values of lines of one pattern, cut out of the block where their commas stand.

Belongs here: finding the cuts, and the proof that every line is as the pattern says. Does not belong here: the pattern, or
what is a number (`jsontable.py`).

The proof, of each piece of whole lines: no byte below the blank but line ends; every line ends with `}`; there are as many
commas as the pattern has, and those of each line lie in it; behind every cut stands the field's opening; before the next one
stands its closing quote, where it is text; and there are as many quotes as that makes, so that there are none elsewhere.
Then what is between is the value. Nothing is copied, and a piece is so small that it stays in the processor's cache.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from pipelines.feeds.reading import textviews
from pipelines.feeds.reading.textviews import Bytes, Places, Windows, Words

_QUOTE, _COMMA, _BLANK, _LINE_END, _CLOSING, _ZERO, _NINE = 34, 44, 32, 10, 125, 48, 57
_PIECE: Final = 1 << 20
"""Bytes that are looked at together."""

_LARGEST: Final = 1 << 31
"""Views hold places below this."""


class Field(NamedTuple):
    """A field of the pattern: its name, and what a line has up to its value (with the quote where it is text)."""

    name: str
    opening: str
    is_text: bool

    @property
    def quotes(self) -> int:
        """How many quotes each line has for it."""
        return 4 if self.is_text else 2


class Cut(NamedTuple):
    """The values as text, and the fields that are not text whose every value is one digit, and so a number."""

    frame: pl.DataFrame
    digits: frozenset[str]


def cut(block: bytes, rows: int, fields: list[Field]) -> Cut | None:
    """The values of a block of `rows` lines; null unless each line is proven to be as the fields say.

    The block is ASCII and has no backslash. Fields without text are not judged but for `digits`.
    """
    if len(block) >= _LARGEST:
        return None
    buffer = np.frombuffer(block + bytes(textviews.PAD), np.uint8)
    window = textviews.windows(buffer)
    found = [np.empty((rows, 2), np.uint64) for _ in fields]
    digits = {field.name for field in fields if not field.is_text}
    done = begin = 0
    while begin < len(block):
        end = len(block) if begin + _PIECE >= len(block) else block.rfind(b"\n", begin, begin + _PIECE) + 1
        cuts = _cuts(buffer[begin:end], fields) if end > begin else None
        if cuts is None or done + cuts.shape[1] > rows:
            return None
        here = slice(done, done + cuts.shape[1])
        if not _take(buffer, window, cuts + begin, fields, [views[here] for views in found], digits):
            return None
        done, begin = here.stop, end
    if done != rows:
        return None
    return Cut(
        pl.DataFrame({field.name: textviews.series(views, buffer) for field, views in zip(fields, found, strict=True)}),
        frozenset(digits),
    )


def _cuts(piece: Bytes, fields: list[Field]) -> Places | None:
    """Of each line (a column) the places before its first byte, of its commas, and of its last byte; null where they are not as they must be."""
    ends = np.flatnonzero(piece < _BLANK)
    if (piece[ends] != _LINE_END).any():
        return None
    if piece[-1] != _LINE_END:
        ends = np.append(ends, len(piece))
    rows, count = len(ends), len(fields)
    commas = np.flatnonzero(piece == _COMMA)
    quotes = rows * sum(field.quotes for field in fields)
    if len(commas) != rows * (count - 1) or np.count_nonzero(piece == _QUOTE) != quotes:
        return None
    cuts = np.empty((count + 1, rows), np.int64)
    cuts[0, 0] = -1
    cuts[0, 1:] = ends[:-1]
    cuts[1:count] = commas.reshape(rows, count - 1).T
    cuts[count] = ends - 1
    if (cuts[1] <= cuts[0]).any() or (cuts[count - 1] >= cuts[count]).any() or (piece[cuts[count]] != _CLOSING).any():
        return None
    return cuts


def _take(buffer: Bytes, window: Windows, cuts: Places, fields: list[Field], into: list[Words], digits: set[str]) -> bool:
    """Make the views of a piece's values; false where a field is not as it must be. Takes out of `digits` what is none."""
    for number, field in enumerate(fields):
        begins = cuts[number] + 1
        starts = begins + len(field.opening)
        stops = cuts[number + 1] - field.is_text
        sizes = stops - starts
        if int(sizes.min()) < (not field.is_text) or not textviews.stands(window, begins, field.opening.encode()):
            return False
        if field.is_text and (buffer[stops] != _QUOTE).any():
            return False
        if field.name in digits:
            first = buffer[starts]
            if int(sizes.max()) > 1 or (first < _ZERO).any() or (first > _NINE).any():
                digits.remove(field.name)
        into[number][:] = textviews.views(window, starts, sizes)
    return True
