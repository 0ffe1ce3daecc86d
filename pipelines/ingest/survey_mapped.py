"""The first pass over a table that is read through a mapping: its columns, its ranges, and what is left out of it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import BinaryIO, Final

from pipelines.feeds.mapping.documents import read_rows
from pipelines.feeds.mapping.fields import Table, cut_top, header_names, is_utf8_after_all, read_fields, to_utf8
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.parse import How
from pipelines.feeds.reading.csvlines import BOM, records
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.spec import FieldType
from pipelines.ingest.blocks import FileRefused, Unpacked, line_blocks
from pipelines.ingest.surveyed import MAX_WHOLE, Range, Survey, count_rows, has_old_line_ends, has_open_end, is_in_cp1252, read_whole

_WIDE: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_ENCODING: Final = "encoding"


@dataclasses.dataclass(slots=True)
class _Part:
    """A block without the lines on top: its range, with all its lines as rows, and what of them the mapping leaves."""

    range: Range
    rows: int
    left_out: int


class _Pass:
    """The running state: lines still to come on top, the table once its columns are known, the parts so far."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.table: Table | None = None
        self.parts: list[_Part] = []
        self.verdict: tuple[str, str | None] | None = None
        self.has_quoted_ends = self.is_cut = False
        self._skip, self._line = mapping.skip_lines, 1
        self._needs_header = mapping.has_header
        self._may_be_utf8 = mapping.encoding not in ("utf-8",) and not mapping.is_wide
        self._is_utf8 = False

    def take(self, content: bytes, start: int, end: int) -> None:
        """A block of whole lines, in the encoding of the file (in UTF-8 where characters are wide)."""
        if start == 0:
            if has_old_line_ends(content):
                raise FileRefused("old_line_ends")
            self._look_at_marks(content)
            if self.mapping.encoding == "utf-8" and content.startswith(BOM):
                content, start = content[len(BOM) :], len(BOM)
        self._judge_encoding(content)
        top = self._take_top(content)
        content, start = content[top:], start + top
        if not content:
            return
        self.is_cut = has_open_end(content) and not self.mapping.takes_open_end
        self.has_quoted_ends = self.has_quoted_ends or self._quotes_an_end(content)
        text = self.text(content)
        if self.table is None and self.verdict is None:
            self._name_columns(self._first_row(text))
        lines, ends = count_rows(content)
        rows, left_out = self.count(text, lines)
        self.parts.append(_Part(Range(start, end, self._line, lines), rows, left_out))
        self._line += ends

    def _take_top(self, content: bytes) -> int:
        """Take the lines above the first row, of which one may be the header, as far as they are in the block; returns their bytes."""
        taken = 0
        while taken < len(content) and (self._skip or self._needs_header):
            line = content[taken : content.find(b"\n", taken) + 1] or content[taken:]
            if self._skip:
                self._skip -= 1
            else:
                self._needs_header = False
                self._name_columns(line)
            taken, self._line = taken + len(line), self._line + 1
        return taken

    def _quotes_an_end(self, content: bytes) -> bool:
        """Whether a quote begins in one line and ends in another."""
        quote = self.mapping.quote.encode()
        return bool(quote) and quote in content and any(line.count(quote) % 2 for line in content.split(b"\n"))

    def count(self, text: bytes, lines: int) -> tuple[int, int]:
        """Rows that a block has, and rows that are left out of it."""
        if not self.mapping.leaves_out or self.table is None or self.verdict is not None:
            return lines, 0
        found = read_fields(text, 1, self.table)
        return found.rows, found.left_out

    def finish(self) -> None:
        """What only the whole file can say."""
        if self._may_be_utf8 and self._is_utf8:
            self.verdict = ("other_encoding", f"{_ENCODING} {self.mapping.encoding!r}, but it is UTF-8")

    def text(self, content: bytes) -> bytes:
        """A block in UTF-8."""
        return content if self.mapping.is_wide else to_utf8(content, self.mapping.encoding)

    def _look_at_marks(self, content: bytes) -> None:
        if not self.mapping.is_wide and (content[:2] in _WIDE or (content[:3] == BOM and self.mapping.encoding != "utf-8")):
            found = "UTF-16" if content[:2] in _WIDE else "UTF-8"
            self.verdict = ("other_encoding", f"{_ENCODING} {self.mapping.encoding!r}, but it is {found}")

    def _judge_encoding(self, content: bytes) -> None:
        if content.isascii():
            return
        if self._may_be_utf8:
            self._may_be_utf8 = self._is_utf8 = is_utf8_after_all(content)
        elif self.mapping.encoding == "utf-8" and self.verdict is None and is_in_cp1252(content):
            self.verdict = ("not_utf8", f"{_ENCODING} of the mapping")

    def _name_columns(self, line: bytes) -> None:
        if self.verdict is not None:
            return
        try:
            table = Table(header_names(self.text(line), self.mapping), self.mapping)
        except Refused as refused:
            self.verdict = (refused.code, refused.field)
            return
        self.table, self.verdict = table, table.fault()

    def _first_row(self, text: bytes) -> bytes:
        """The first record that is not left out: as wide as it is, the table is."""
        quote = self.mapping.quote.encode()
        for _, record in records(text, 1, quote):
            probe = Table(["1"], dataclasses.replace(self.mapping, leave_where=(), columns=()))
            if read_fields(record, 1, probe).left_out == 0:
                return record
        return b""


def survey_mapped(stream: BinaryIO | Unpacked, how: How, size: int, mapping: Mapping, unit_bytes: int) -> Survey:
    """Read a table once from end to end. Raises FileRefused where it cannot be unpacked or is too large to be read whole."""
    seen = _Pass(mapping)
    digest = hashlib.sha256()
    wide: list[bytes] = []
    for block, pieces in line_blocks(stream, unit_bytes):
        for piece in pieces:
            digest.update(piece)
        if not mapping.is_wide:
            seen.take(block.content, block.start, block.end)
            continue
        wide += pieces
        if block.end > MAX_WHOLE:
            raise FileRefused("too_large")
    if mapping.is_wide:
        _take_wide(seen, b"".join(wide))
    seen.finish()
    refusal, detail = seen.verdict or (None, None)
    header = seen.table.to_header() if seen.table else None
    found = dataclasses.replace(how, header=header, is_cut=seen.is_cut and refusal is None, refusal=refusal, detail=detail)
    ranges, left_out = _ranges(seen, stream, how.is_packed)
    if refusal is not None and not sum(one.rows for one in ranges):  # as of other tables
        found, ranges = dataclasses.replace(found, form="none"), (Range(0, size, 1, 1),)
    return Survey(digest.hexdigest(), size, found, ranges, left_out)


def survey_json(stream: BinaryIO | Unpacked, how: How, size: int, mapping: Mapping, known: dict[str, FieldType]) -> Survey:
    """Read a file of JSON documents once: one unit, whose rows are those that the mapping makes of them.

    Raises FileRefused where it is too large to be read whole.
    """
    digest = hashlib.sha256()
    parts: list[bytes] = []
    length = 0
    while part := stream.read(1 << 20):
        digest.update(part)
        parts.append(part)
        length += len(part)
        if length > MAX_WHOLE:
            raise FileRefused("too_large")
    content = b"".join(parts)
    if not content.strip():
        return Survey(digest.hexdigest(), size, how, ())
    try:
        found = read_rows(content, mapping, known)
    except Refused as refused:
        how = dataclasses.replace(how, form="none", refusal=refused.code, detail=refused.field)
        return Survey(digest.hexdigest(), size, how, (Range(0, length, 1, 1),))
    return Survey(digest.hexdigest(), size, how, (Range(0, length, 1, found.count),), found.left_out)


def _take_wide(seen: _Pass, content: bytes) -> None:
    """A file in UTF-16, which is one range from its first byte."""
    mapping = seen.mapping
    mark = _WIDE.get(content[:2])
    if content and (mark is None if mapping.encoding == "utf-16" else mark not in (None, mapping.encoding)):
        raise FileRefused("other_encoding")  # read so, it would not even have lines
    text = to_utf8(content, mapping.encoding)
    seen.take(text, 0, len(text))
    if seen.parts:
        rows, left_out = seen.parts[0].rows, seen.parts[0].left_out
        if seen.verdict is not None:
            rows, left_out = count_rows(cut_top(text, mapping.top_lines))[0], 0
        seen.parts = [_Part(Range(0, len(content), 1, rows), rows, left_out)]


def _ranges(seen: _Pass, stream: BinaryIO | Unpacked, is_packed: bool) -> tuple[tuple[Range, ...], int]:
    """The units: all lines of a file that is refused, else its rows; one unit where it cannot be cut; and the rows left out."""
    if not seen.parts:
        return (), 0
    if seen.verdict is not None:
        rows, left_out = [part.range.rows for part in seen.parts], 0
    else:
        rows, left_out = [part.rows for part in seen.parts], sum(part.left_out for part in seen.parts)
    first, last = seen.parts[0].range, seen.parts[-1].range
    if seen.has_quoted_ends and seen.verdict is None:
        if last.end > MAX_WHOLE:
            raise FileRefused("too_large")
        mapping = seen.mapping
        whole = read_whole(stream)
        text = cut_top(to_utf8(whole, mapping.encoding), mapping.top_lines) if mapping.is_wide else seen.text(whole[first.start :])
        lines = sum(1 for _ in records(text, 1, mapping.quote.encode()))
        counted, left_out = seen.count(text, lines)
        rows = [counted]
    if seen.mapping.numbers_lines and last.end > MAX_WHOLE:
        raise FileRefused("too_large")
    if len(rows) == 1 or is_packed or seen.mapping.numbers_lines:
        return (Range(first.start, last.end, first.first_line, sum(rows)),), left_out
    ranges = tuple(dataclasses.replace(part.range, rows=count) for part, count in zip(seen.parts, rows, strict=True))
    return ranges, left_out
