"""Records of a mapped table: from bytes in whatever encoding to columns of text, one row each, and what is left out.

The first pass counts with the same functions by which the rows are read later, so both see the same rows.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from typing import Final

import orjson
import polars as pl

from pipelines.feeds.mapping.spec import Mapping, Ref
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.csvlines import read_plain, records, shown, split_record, unquoted
from pipelines.feeds.reading.jsonlines import check_text
from pipelines.feeds.reading.rows import LINE, MAX_LINE_BYTES, Refused, Reject

_LOST: Final = "\ufffd"
_LOST_BYTES: Final = _LOST.encode()


def to_utf8(content: bytes, encoding: str) -> bytes:
    """Bytes in UTF-8; what is no character in a stated encoding becomes U+FFFD.

    The mark at the beginning of a file of wide characters, which comes whole, is left out. That of a UTF-8 file lies before the
    first range: a block that begins with one is a block whose first line does.
    """
    if encoding == "utf-8":
        return content
    if content.isascii() and not encoding.startswith("utf-16"):
        return content
    return content.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "replace")


def is_utf8_after_all(content: bytes) -> bool:
    r"""Whether bytes that are said to be in a one-byte encoding are UTF-8: each byte fits, and all characters are common ones.

    >>> is_utf8_after_all("Thé".encode()), is_utf8_after_all("Thé".encode("cp1252")), is_utf8_after_all("CAFÉ\u00a0:".encode("cp1252"))
    (True, False, False)
    """
    try:
        content.decode("utf-8").encode("cp1252")
    except UnicodeError:
        return False
    return not content.isascii()


def cut_top(content: bytes, lines: int) -> bytes:
    """What follows the first lines."""
    position = 0
    for _ in range(lines):
        end = content.find(b"\n", position)
        if end < 0:
            return b""
        position = end + 1
    return content[position:]


class Table:
    """The columns of one file under its mapping: which are used, kept in `extra`, or dropped as personal.

    `names` are those of the header, as `header_names` gives them.
    """

    def __init__(self, names: list[str], mapping: Mapping) -> None:
        self.names, self.mapping = told_apart(names), mapping
        used = {self.name_of(ref) for _, source in mapping.columns for ref in source.all_columns()}
        self.customers = {self.name_of(ref) for field, source in mapping.columns if field == "customer_key" for ref in source.all_columns()}
        kept = None if mapping.keeps is None else {self.name_of(ref) for ref in mapping.keeps}
        self.dropped = [name for name in self.names if name not in used and privacy.is_personal(name)]
        self.unknown = [name for name in self.names if name not in used and name not in self.dropped and (kept is None or name in kept)]
        self.may_show = not self.dropped and not self.customers and (mapping.has_header or bool(mapping.names))

    def name_of(self, ref: Ref) -> str | None:
        """The column that a mapping means; null where the file has none."""
        if isinstance(ref, int):
            return self.names[ref - 1] if ref <= len(self.names) else None
        name = _composed(ref)
        return name if name in self.names else None

    def fault(self) -> tuple[str, str | None] | None:
        """What is wrong with the columns for the whole file, as (reason, column), or null."""
        missing = [ref for ref in self.mapping.required_columns() if self.name_of(ref) is None]
        if missing:
            return "missing_column", ", ".join(f"column {ref}" if isinstance(ref, int) else ref for ref in missing)[:200]
        by_name = [ref for _, source in self.mapping.columns for ref in source.all_columns() if isinstance(ref, str)]
        doubled = [ref for ref in by_name if f"{_composed(ref)} (2)" in self.names]
        return ("duplicate_column", doubled[0][:64]) if doubled else None

    def to_header(self) -> bytes:
        """The names as they travel with a unit."""
        return orjson.dumps(self.names)

    @classmethod
    def of_header(cls, header: bytes | None, mapping: Mapping) -> Table:
        """The table whose names travelled."""
        return cls(orjson.loads(header) if header else [], mapping)


def header_names(line: bytes, mapping: Mapping) -> list[str]:
    """Names of the columns from the header line (in UTF-8), or numbers as wide as a first row; raises Refused as lines do."""
    if mapping.names:
        return list(mapping.names)
    if len(line) > MAX_LINE_BYTES:
        raise Refused("line_too_long")
    fields = split_record(_decoded(line.rstrip(b"\r\n"), mapping), mapping.delimiter, mapping.quote)
    if not mapping.has_header:
        return [f"column_{number}" for number in range(1, len(fields) + 1)]
    return [_composed(name) or f"column_{number}" for number, name in enumerate(fields, 1)]


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip(BLANKS)


def told_apart(names: list[str]) -> list[str]:
    """The names, those that come again with their number behind them."""
    told: list[str] = []
    for name in names:
        number, one = 1, name
        while one in told:
            number += 1
            one = f"{name} ({number})"
        told.append(one)
    return told


@dataclasses.dataclass(frozen=True, slots=True)
class Fields:
    """Rows of a block: columns of text (null where empty) under the table's names, and `source_line`.

    `left_out` counts the rows that the mapping leaves out, `is_plain` says that no text needs an escape in JSON. `documents` is
    the number of each row's JSON document, null for rows of a table.
    """

    frame: pl.DataFrame
    rejects: list[Reject]
    left_out: int
    is_plain: bool
    is_ascii: bool
    documents: pl.Series | None = None

    @property
    def rows(self) -> int:
        """Rows that are accounted for."""
        return self.frame.height + len(self.rejects)


def read_fields(block: bytes, first_line: int, table: Table) -> Fields:
    """Records of a block (whole lines in UTF-8, without header)."""
    found = None
    try:
        found = _read_fast(block, first_line, table)
    except BaseException as error:  # Polars can raise PanicException, which is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
    found = found if found is not None else _read_honest(block, first_line, table)
    for ref, values in table.mapping.leave_where:
        name = table.name_of(ref)
        if name is not None and found.frame.height:
            out = found.frame[name].str.strip_chars(BLANKS).fill_null("").is_in(list(values))
            left_out = found.left_out + int(out.sum())
            found = dataclasses.replace(found, frame=found.frame.filter(~out), left_out=left_out)
    return found


def _matches(lines: pl.Series, patterns: tuple[str, ...]) -> pl.Series:
    out = pl.repeat(False, len(lines), dtype=pl.Boolean(), eager=True)
    for pattern in patterns:
        out |= lines.str.contains(pattern)
    return out


def _read_fast(block: bytes, first_line: int, table: Table) -> Fields | None:
    mapping, quote = table.mapping, table.mapping.quote.encode()
    if b"\\" in block or _LOST_BYTES in block or (quote != b'"' and b'"' in block):
        return None
    if quote and quote in block and not unquoted(block, mapping.delimiter.encode(), quote):
        return None
    text, numbers, left_out = block, None, 0
    if mapping.leave_lines:
        lines = pl.Series([block.decode("utf-8").removesuffix("\n")]).str.split("\n").explode()
        out, is_blank = _matches(lines.str.strip_suffix("\r"), mapping.leave_lines), lines.str.strip_chars(" \t\r") == ""
        keep = ~(out | is_blank)
        if not keep.all():
            left_out = int((out & ~is_blank).sum())
            numbers = pl.int_range(first_line, first_line + len(lines), dtype=pl.UInt32, eager=True).filter(keep)
            text = (lines.filter(keep).str.join("\n")[0] or "").encode()
    frame = read_plain(text, table.names, mapping.delimiter.encode(), quote)
    if frame is None or (mapping.delimiter == "\t" and frame.select(pl.all_horizontal(pl.all().is_null()).any()).item()):
        return None  # a line of nothing but tabs is a blank one
    if numbers is None:
        numbers = pl.int_range(first_line, first_line + frame.height, dtype=pl.UInt32, eager=True)
    return Fields(frame.with_columns(numbers.alias(LINE)), [], left_out, is_plain=True, is_ascii=block.isascii())


def _read_honest(block: bytes, first_line: int, table: Table) -> Fields:
    mapping = table.mapping
    found = list(records(block, first_line, mapping.quote.encode()))
    out = _matches(pl.Series([record.decode("utf-8", "replace") for _, record in found], dtype=pl.String()), mapping.leave_lines)
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for (number, record), is_out in zip(found, out, strict=True):
        if is_out:
            continue
        try:
            rows.append(_fields_of(record, table))
        except Refused as refused:
            rejects.append(Reject(number, refused.code, refused.sentence(), shown(record, table.may_show)))
        else:
            numbers.append(number)
    columns = {name: pl.Series(name, [row[place] for row in rows], dtype=pl.String()) for place, name in enumerate(table.names)}
    frame = pl.DataFrame([*columns.values(), pl.Series(LINE, numbers, dtype=pl.UInt32())])
    return Fields(frame, rejects, int(out.sum()), is_plain=False, is_ascii=block.isascii())


def _fields_of(record: bytes, table: Table) -> list[str | None]:
    if len(record) > MAX_LINE_BYTES:
        raise Refused("line_too_long")
    fields = split_record(_decoded(record, table.mapping), table.mapping.delimiter, table.mapping.quote)
    more = fields[len(table.names) :]
    if len(fields) < len(table.names) or (more and (not table.mapping.ends_in_delimiters or any(text.strip() for text in more))):
        raise Refused("ragged_row")
    return [check_text(text, name) or None for name, text in zip(table.names, fields, strict=False)]  # what is more is empty


def _decoded(record: bytes, mapping: Mapping) -> str:
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("not_utf8") from error
    if _LOST in text and mapping.encoding != "utf-8":
        raise Refused("not_in_encoding")
    return text
