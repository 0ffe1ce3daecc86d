"""JSON Lines, the fast way: a block in one go with Polars, every field as text, and the proof that nothing was lost.

Polars takes the first of two fields of one name, drops fields it was not told of, and writes numbers back from floats.
So the block's colons are looked at as bytes: each one that follows a quote belongs to a field, and what comes after it
says what kind of value it has. When the number of fields equals the number of values read, no field was doubled and
none was unknown; where a number has a fraction, its field must be one that is read as a decimal. Whatever does not
add up goes the honest way (`jsonlines`), which gives the same rows for the lines that can be read.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import polars as pl

from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.jsonlines import encode_extra, read_honest, says_ascii
from pipelines.feeds.reading.jsontable import read_alike
from pipelines.feeds.reading.rows import EXTRA, LINE, RawRows
from pipelines.feeds.spec import FieldType

_QUOTE, _COLON, _SPACE, _BACKSLASH, _MINUS, _LINE_END = 34, 58, 32, 92, 45, 10
_ALARMS: Final = (b"\\ud", b"\\uD", b"\\u000", b"\\u001", b"\\u007", b"\\b", b"\\f", b"\\u200", b"\\u20")
_FIELD_NAME: Final = re.compile(rb'"([^"\\]+)":')
_NULL: Final = "\ue000null\ue000"
_NULL_BYTES: Final = _NULL.encode()
_LONGEST_EXACT: Final = 16  # characters of a number with a point that a float still gives back digit by digit
_LONGEST_TEXT: Final = 1 << 15
_WIDTH: Final = 20  # bytes of a number that are looked at; a longer one goes the honest way
_SAMPLE: Final = 16
_MOST_NAMES: Final = 200
_IS_DIGIT: Final = np.isin(np.arange(256), np.frombuffer(b"0123456789", np.uint8))
_IS_NUMBER: Final = np.isin(np.arange(256), np.frombuffer(b"0123456789.eE+-", np.uint8))
_IS_POINT: Final = np.isin(np.arange(256), np.frombuffer(b".eE", np.uint8))


class _Doubt(Exception):
    """The block needs the honest way."""


def read_json(block: bytes, first_line: int, rows: int, known: dict[str, FieldType], renames: dict[str, str]) -> RawRows:
    """Read a block of JSON Lines of `rows` lines that are not blank; fast if that is safe, else line by line."""
    try:
        return _read_fast(block, first_line, rows, known, renames)
    except BaseException as error:  # Polars can raise PanicException, which is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
    return read_honest(block, first_line, known, renames)


class _Shape:
    """What the bytes of a block say about its fields, before any parser has seen them."""

    def __init__(self, block: bytes) -> None:
        self.block = block
        view = np.frombuffer(block, np.uint8)
        colons = np.flatnonzero(view == _COLON)
        if len(colons) == 0 or colons[0] == 0 or colons[-1] + 3 >= len(view):
            raise _Doubt
        before = view[colons - 1]
        if (before <= _SPACE).any():
            raise _Doubt  # a blank between name and colon, or " :" in a text
        names = colons[before == _QUOTE]
        if _BACKSLASH in block and (view[names - 2] == _BACKSLASH).any():
            raise _Doubt
        starts = names + 1
        first = view[starts]
        has_spaces = b" " in block
        if has_spaces:
            starts += first == _SPACE
            first = view[starts]
        self.fields = len(names)
        after = view[starts + 1]
        self.has_blanks = has_spaces or b"\t" in block or _BACKSLASH in block or bool(((first == _QUOTE) & (after == _QUOTE)).any())
        is_number = _IS_DIGIT[first] | (first == _MINUS)
        self.nulls = int(np.count_nonzero(first == ord("n")))
        is_bool = (first == ord("t")) | (first == ord("f"))
        if np.count_nonzero(first == _QUOTE) + np.count_nonzero(is_number) + self.nulls + np.count_nonzero(is_bool) != self.fields:
            raise _Doubt  # objects, lists, or more blanks
        self._bools = names[is_bool]
        several = is_number & _IS_NUMBER[after]  # numbers of one character have no fraction
        self._numbers = names[several], starts[several]
        self._view = view

    def check_numbers(self, may_have_fraction: Callable[[str], bool]) -> None:
        """Doubt the block when a number has more digits than a float gives back, or a fraction where the field must have none."""
        colons, starts = self._numbers
        if len(starts) == 0:
            return
        view = self._view
        if int(starts[-1]) + _WIDTH > len(view):  # the last lines of a block: look at them with room behind
            view = np.concatenate([view, np.zeros(_WIDTH, np.uint8)])
        windows = np.lib.stride_tricks.sliding_window_view(view, _WIDTH)
        long = starts
        for place in (8, 12, _LONGEST_EXACT):  # few numbers get beyond the first look
            long = long[_IS_NUMBER[view[long + place]]]
        if len(long) and _IS_NUMBER[windows[long]][:, : _LONGEST_EXACT + 1].all(axis=1).any():
            raise _Doubt
        for name, of_name in self._by_name(colons):
            if may_have_fraction(name):
                continue
            digits = windows[starts[of_name]]
            length = _IS_NUMBER[digits].argmin(axis=1)
            if (_IS_POINT[digits] & (np.arange(_WIDTH) < length[:, None])).any():
                raise _Doubt

    def _by_name(self, colons: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Each name among the fields whose colons these are, with the places of its fields in `colons`."""
        places = np.arange(len(colons))
        for _ in range(_MOST_NAMES):
            if len(colons) == 0:
                return
            begin = self.block.rfind(b'"', 0, int(colons[0]) - 1)
            name = self.block[begin : colons[0]]
            if begin < 0 or colons[0] < len(name):
                raise _Doubt
            windows = np.lib.stride_tricks.sliding_window_view(self._view, len(name))
            differs = (windows[colons - len(name)] != np.frombuffer(name, np.uint8)).any(axis=1)
            yield name[1:-1].decode("utf-8", "replace"), places[~differs]
            colons, places = colons[differs], places[differs]
        raise _Doubt

    def bool_names(self) -> set[str]:
        """Names of the fields that are true or false somewhere."""
        return {name for name, _ in self._by_name(self._bools)}


def _sampled_names(block: bytes) -> dict[str, None]:
    """Field names of a few lines at the beginning and the end of the block."""
    names: dict[str, None] = {}
    head = block[: 1 << 16].split(b"\n", _SAMPLE)[:_SAMPLE]
    tail = block[-(1 << 14) :].rsplit(b"\n", 5)[1:]
    for line in (*head, *tail):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            names.update(dict.fromkeys(value))
    return names


def _read_fast(block: bytes, first_line: int, rows: int, known: dict[str, FieldType], renames: dict[str, str]) -> RawRows:
    if rows == 0 or int(np.count_nonzero(np.frombuffer(block, np.uint8) == _LINE_END)) + (not block.endswith(b"\n")) != rows:
        raise _Doubt  # blank lines
    if _BACKSLASH in block and any(alarm in block for alarm in _ALARMS):
        raise _Doubt
    is_ascii = block.isascii()
    if not is_ascii:
        block.decode("utf-8")
    alike = read_alike(block, rows, lambda name: known.get(renames.get(name, name)) == "decimal") if is_ascii else None
    if alike is not None:
        shortest = _lengths(alike)
        raw = _raw_rows(alike, first_line, known, renames, is_ascii=True)
        return dataclasses.replace(raw, may_have_blanks=b" " in block or 0 in shortest)
    shape = _Shape(block)
    shape.check_numbers(lambda name: known.get(renames.get(name, name)) == "decimal")
    if any(known.get(renames.get(name, name), "boolean") != "boolean" for name in shape.bool_names()):
        raise _Doubt
    text = block
    if shape.nulls:
        if _NULL_BYTES in block:
            raise _Doubt
        text = block.replace(b'": null', b'":"' + _NULL_BYTES + b'"').replace(b'":null', b'":"' + _NULL_BYTES + b'"')
    frame = _read(text, rows, list(_sampled_names(block)), shape.fields)
    if frame is None:
        names = {name.decode("utf-8"): None for name in _FIELD_NAME.findall(block)}
        frame = _read(text, rows, list(names), shape.fields)
    if frame is None:
        raise _Doubt
    if shape.nulls:
        frame = frame.with_columns(pl.when(pl.all() != _NULL).then(pl.all()))
    raw = _raw_rows(frame, first_line, known, renames, says_ascii(block))
    return dataclasses.replace(raw, may_have_blanks=shape.has_blanks or bool(shape.nulls))


def _read(text: bytes, rows: int, names: list[str], fields: int) -> pl.DataFrame | None:
    """The block with these fields as text; null when they are not all of its fields, or one is doubled."""
    if not names or len(names) > _MOST_NAMES:
        raise _Doubt
    frame = pl.read_ndjson(text, schema={name: pl.String() for name in names})
    if frame.height != rows:
        raise _Doubt
    if sum(frame.height - frame[name].null_count() for name in names) != fields:
        return None
    _lengths(frame)
    return frame


def _lengths(frame: pl.DataFrame) -> tuple[int | None, ...]:
    """Bytes of the shortest text of each column; very long texts go the honest way."""
    longest = frame.select(pl.all().str.len_bytes().max()).row(0)
    if any(size is not None and size > _LONGEST_TEXT for size in longest):
        raise _Doubt
    return frame.select(pl.all().str.len_bytes().min()).row(0)


def _raw_rows(frame: pl.DataFrame, first_line: int, known: dict[str, FieldType], renames: dict[str, str], is_ascii: bool) -> RawRows:
    columns: list[pl.Expr] = []
    unknown: list[str] = []
    dropped: list[str] = []
    for name in frame.columns:
        target = renames.get(name, name)
        if target in known:
            if name != target and target in frame.columns:
                raise _Doubt
            columns.append(pl.col(name).alias(target))
        elif privacy.is_personal(name):
            if frame[name].null_count() < frame.height:
                dropped.append(name)
        elif (frame[name].fill_null("") != "").any():
            unknown.append(name)
    if unknown:
        columns.append(_extra(frame, unknown))
    lines = pl.int_range(first_line, first_line + frame.height, dtype=pl.UInt32, eager=True).alias(LINE)
    return RawRows(frame.select(*columns, lines), [], sorted(unknown), sorted(dropped), is_ascii=is_ascii)


def _extra(frame: pl.DataFrame, unknown: list[str]) -> pl.Expr:
    """The fields that the feed does not list as canonical JSON, as the honest way writes them."""
    parts = []
    for name in sorted(unknown):
        values = frame[name]
        if values.str.contains(r'["\\\x00-\x1f\x7f]').any():
            raise _Doubt
        if values.str.contains(r"@|\d[\d .()/-]{6}").any():
            values = values.map_elements(privacy.mask, return_dtype=pl.String())
        values = values.set(values == "", None)
        parts.append(pl.lit(encode_extra({name: ""})[1:-2]) + pl.lit(values.alias(f"~{name}")) + pl.lit('"'))
    joined = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(pl.lit("{") + joined + pl.lit("}")).alias(EXTRA)
