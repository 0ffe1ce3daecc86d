"""CSV with a header: comma, UTF-8, RFC 4180 to the letter. Columns go by name, in whatever order.

A block without quotes whose lines all have as many commas as the header is read by Polars, every column as text;
any other block record by record, so that each record ends as a raw row or as a reject. Records are told apart here for
tables with another delimiter and another quote, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import polars as pl

from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.jsonlines import check_text, encode_extra
from pipelines.feeds.reading.rows import EXTRA, LINE, MAX_LINE_BYTES, RawRows, Refused, Reject
from pipelines.feeds.spec import FieldType

BOM: Final = b"\xef\xbb\xbf"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HIDDEN: Final = "[masked: the row may hold personal data]"


@lru_cache(maxsize=64)
def _patterns(delimiter: str, quote: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A quoted field and a plain one, each up to the delimiter that ends it."""
    d, q = re.escape(delimiter), re.escape(quote)
    return re.compile(rf"{q}((?:[^{q}]|{q}{q})*){q}(?={d}|\Z)"), re.compile(rf"[^{q}{d}]*(?={d}|\Z)")


def split_record(text: str, delimiter: str = ",", quote: str = '"') -> list[str]:
    '''Fields of one record; raises Refused where quotes are not as RFC 4180 wants them. Without a `quote` nothing is quoted.

    >>> split_record('a,"b,""c""",')
    ['a', 'b,"c"', '']
    >>> split_record("'a;b';c", ";", "'")
    ['a;b', 'c']
    '''
    if not quote or quote not in text:
        return text.split(delimiter)
    quoted, plain = _patterns(delimiter, quote)
    fields: list[str] = []
    position = 0
    while True:
        match = quoted.match(text, position)
        if match:
            fields.append(match.group(1).replace(quote * 2, quote))
        else:
            match = plain.match(text, position)
            if match is None:
                raise Refused("bad_quoting")
            fields.append(match.group(0))
        position = match.end()
        if position == len(text):
            return fields
        position += 1


def records(block: bytes, first_line: int, quote: bytes = b'"') -> Iterator[tuple[int, bytes]]:
    """Records of a block that are not blank, with the number of the line they begin on; a quoted line end does not end one.

    A quote that is never closed ends with its line: the lines after it are records of their own. `quote` may be empty.
    """
    lines = block.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    number = 0
    while number < len(lines):
        line = lines[number]
        taken = 1
        if quote and line.count(quote) % 2:
            whole, size = [line], len(line)
            for following in lines[number + 1 :]:
                whole.append(following)
                size += len(following) + 1
                if size > MAX_LINE_BYTES:
                    break
                if following.count(quote) % 2:
                    line, taken = b"\n".join(whole), len(whole)
                    break
        if line.strip(b" \t\r"):
            yield first_line + number, line.removesuffix(b"\r")
        number += taken


def header_names(line: bytes) -> list[str]:
    """Column names of a header line; raises Refused (`not_utf8`, `bad_quoting`). A nameless column is `column_<n>`."""
    try:
        text = line.removeprefix(BOM).rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("not_utf8") from error
    return [name.strip() or f"column_{number}" for number, name in enumerate(split_record(text), 1)]


class Header:
    """What the header of a file says: which columns are listed, kept in `extra`, or dropped as personal."""

    def __init__(self, names: list[str], known: dict[str, FieldType], renames: dict[str, str]) -> None:
        self.names = names
        targets = {name: renames.get(name, name) for name in names}
        listed = {name: target for name, target in targets.items() if target in known}
        # a value under the column's own name wins, row by row, over one that is renamed to it
        self.listed = {name: target for name, target in listed.items() if name == target or target not in names}
        self.stand_ins = {target: name for name, target in listed.items() if name not in self.listed}
        self.dropped = [name for name in names if name not in listed and privacy.is_personal(name)]
        self.unknown = [name for name in names if name not in listed and name not in self.dropped]

    def missing(self, required: tuple[str, ...]) -> list[str]:
        """Required columns that the header lacks."""
        return [name for name in required if name not in self.listed.values()]

    def may_show(self) -> bool:
        """Whether a record that cannot be told apart into columns may be shown."""
        return not self.dropped and "customer_key" not in self.listed.values()

    def payload(self, record: bytes) -> str:
        """What may be kept of a record that cannot be read."""
        return shown(record, self.may_show())


def shown(record: bytes, may_show: bool) -> str:
    """What may be kept of a record that cannot be told apart into columns."""
    if not may_show:
        return _HIDDEN
    return privacy.mask_unparsed(record[: 4 * privacy.MAX_PAYLOAD].decode("utf-8", "backslashreplace").replace("\x00", ""))


def read_csv(block: bytes, first_line: int, rows: int, header: Header) -> RawRows:
    """Read a block of CSV (without its header) of `rows` records."""
    fast = None
    try:
        fast = _read_fast(block, first_line, rows, header)
    except BaseException as error:  # Polars can raise PanicException, which is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
    return fast if fast is not None else read_csv_honest(block, first_line, header)


def _read_fast(block: bytes, first_line: int, rows: int, header: Header) -> RawRows | None:
    """The block in one go; null when anything in it needs a closer look."""
    if header.unknown and b"\\" in block:
        return None
    frame = read_plain(block, header.names)
    if frame is None or frame.height != rows:
        return None
    return _raw_rows(frame, first_line, header, block.isascii())


def read_plain(block: bytes, names: list[str], delimiter: bytes = b",", quote: bytes = b'"') -> pl.DataFrame | None:
    """A block of plain lines in one go, every column text (null where empty), in the order of the lines.

    Null when anything needs a closer look: a quote that hides something, a control character, a blank or ragged line, one
    that is too long.
    """
    if not block.endswith(b"\n"):
        block += b"\n"  # before quotes are taken off: a last line of two quotes is a line
    if quote and quote in block:
        block = unquoted(block, delimiter, quote)
    if not block or len(names) < 2:
        return None
    text = block.replace(b"\r\n", b"\n")
    if b"\r" in text or _CONTROL.search(text):
        return None
    view = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(view == 10)
    marks = np.searchsorted(np.flatnonzero(view == delimiter[0]), ends)
    if (np.diff(marks, prepend=0) != len(names) - 1).any() or np.diff(ends, prepend=-1).max() > MAX_LINE_BYTES:
        return None
    frame = pl.read_csv(
        text, has_header=False, new_columns=names, separator=delimiter.decode(), infer_schema=False, quote_char=None,
        truncate_ragged_lines=False,
    )  # fmt: skip
    return frame if (frame.height, frame.width) == (len(ends), len(names)) else None


def unquoted(block: bytes, delimiter: bytes, quote: bytes) -> bytes:
    """A block without its quotes, where they only stand around whole fields that would read the same without them; else nothing."""
    view = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(view == quote[0])
    if len(quotes) % 2:
        return b""
    opening, closing = quotes[::2], quotes[1::2]
    borders = np.flatnonzero((view == delimiter[0]) | (view == 10))
    before = view[opening - 1]  # of a quote that begins the block this is its last byte, so that one is looked at by itself
    begins = (before == delimiter[0]) | (before == 10) | (opening == 0)
    after = view[np.minimum(closing + 1, len(view) - 1)]
    ends = (after == delimiter[0]) | (after == 10) | (after == 13) | (closing == len(view) - 1)
    hides = np.searchsorted(borders, opening) != np.searchsorted(borders, closing)
    return b"" if not (begins & ends & ~hides).all() else block.replace(quote, b"")


def _raw_rows(frame: pl.DataFrame, first_line: int, header: Header, is_ascii: bool) -> RawRows:
    columns = [
        (pl.coalesce(name, header.stand_ins[target]) if target in header.stand_ins else pl.col(name)).alias(target)
        for name, target in header.listed.items()
    ]
    present, extra = extra_of(frame, header.unknown)
    if extra is not None:
        columns.append(extra)
    lines = pl.int_range(first_line, first_line + frame.height, dtype=pl.UInt32, eager=True).alias(LINE)
    return RawRows(frame.select(*columns, lines), [], present, header.dropped, is_ascii=is_ascii)


def extra_of(frame: pl.DataFrame, names: list[str]) -> tuple[list[str], pl.Expr | None]:
    """The columns among `names` that hold anything, and the expression that makes `extra` of them (null without any).

    No text in them may need an escape in JSON: quotes, backslashes and control characters were refused before.
    """
    present = [name for name in names if frame[name].null_count() < frame.height]
    if not present:
        return present, None
    parts = []
    for name in sorted(present):
        values = frame[name]
        if values.str.contains(r"@|\d[\d .()/-]{6}").any():
            values = values.map_elements(privacy.mask, return_dtype=pl.String())
        parts.append(pl.lit(encode_extra({name: ""})[1:-2]) + pl.lit(values.alias(f"~{name}")) + pl.lit('"'))
    joined = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return present, pl.when(joined != "").then(pl.lit("{") + joined + pl.lit("}")).alias(EXTRA)


def read_csv_honest(block: bytes, first_line: int, header: Header) -> RawRows:
    """Read a block of CSV record by record."""
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    unknown: set[str] = set()
    for number, record in records(block, first_line):
        try:
            row = _read_record(record, header, unknown)
        except Refused as refused:
            rejects.append(Reject(number, refused.code, refused.sentence(), header.payload(record)))
            continue
        row[LINE] = number
        rows.append(row)
    names = [*header.listed.values(), *([EXTRA] if unknown else [])]
    schema = {**{name: pl.String() for name in names}, LINE: pl.UInt32()}
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema)
    return RawRows(frame, rejects, sorted(unknown), header.dropped, is_ascii=block.isascii())


def _read_record(record: bytes, header: Header, unknown: set[str]) -> dict[str, Any]:
    if len(record) > MAX_LINE_BYTES:
        raise Refused("line_too_long")
    try:
        fields = split_record(record.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused("not_utf8") from error
    if len(fields) != len(header.names):
        raise Refused("ragged_row")
    row: dict[str, Any] = {}
    other: dict[str, str] = {}
    for name, text in zip(header.names, fields, strict=True):
        check_text(text, name)
        if not text:
            continue
        if name in header.listed:
            row[header.listed[name]] = text
        elif name in header.unknown:
            other[name] = privacy.mask(text)
    for target, name in header.stand_ins.items():
        row.setdefault(target, fields[header.names.index(name)] or None)
    if other:
        row[EXTRA] = encode_extra(other)
        unknown.update(other)
    return row
