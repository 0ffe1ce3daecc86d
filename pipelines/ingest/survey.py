"""The first pass over a file: what it is, its hash, where its lines are, and whether it can be read at all.

Nothing is parsed into rows here. The result is a plan: the ranges of the units, each with its first line and its
number of rows, so that every unit knows its line numbers without having seen the units before it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final

from pipelines.feeds.adapters import documents
from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.declared.reference import CODES_OF_VENDORS
from pipelines.feeds.epcis.jsonform import type_of
from pipelines.feeds.epcis.read import count_events, is_xml
from pipelines.feeds.epcis.session import is_session
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.parse import WIDE, Form, How, judge_header
from pipelines.feeds.reading.csvlines import BOM, records
from pipelines.feeds.reading.jsonlines import decode
from pipelines.feeds.reading.rows import MAX_LINE_BYTES, Refused
from pipelines.feeds.registry import is_epcis, known_fields
from pipelines.ingest.blocks import Block, FileRefused, Unpacked, line_blocks, open_regular
from pipelines.ingest.foreign import HEAD_BYTES, interchange_in, other_kind
from pipelines.ingest.survey_mapped import survey_json, survey_mapped
from pipelines.ingest.surveyed import MAX_WHOLE, Range, Survey, count_rows, has_old_line_ends, has_open_end, is_in_cp1252, read_whole

_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_FORMS: Final[dict[str, Form]] = {".jsonl": "jsonl", ".csv": "csv", ".json": "document"}
_RFID_FORMS: Final[dict[str, Form]] = {".jsonl": "jsonl", ".json": "jsonl", ".jsonld": "jsonl", ".xml": "jsonl"}


def form_of(name: str, feed: str, entity: str | None = None) -> tuple[Form, bool]:
    """Form of a file by its name, and whether it is packed; `none` when the feed takes no such file.

    >>> form_of("a.csv.gz", "pos"), form_of("a.xlsx", "pos"), form_of("a.xml", "rfid"), form_of("a.xml", "pos")
    (('csv', True), ('none', False), ('jsonl', False), ('none', False))
    """
    lower = name.lower()
    is_packed = lower.endswith(".gz")
    ending = Path(lower.removesuffix(".gz")).suffix
    form = (_RFID_FORMS if is_epcis(feed) else _FORMS).get(ending, "none")
    if form == "document" and feed == "reference" and entity != CODES_OF_VENDORS:
        form = "none"
    return form, is_packed and form != "none"


def survey(
    path: str,
    feed: str,
    entity: str | None,
    unit_bytes: int,
    place: Place | None = None,
    adapter: str | None = None,
    mapping: Mapping | None = None,
    takes_open_end: bool = False,
) -> Survey:
    """The first pass over a file. Raises OSError when it cannot be read, FileRefused when it is no regular file.

    `adapter` is what documents of vendors are to be read as; `mapping` is how a table is read. `takes_open_end`: the last line
    of a table without a mapping is whole though it has no end.
    """
    how = dataclasses.replace(how_of(Path(path).name, feed, entity, adapter, mapping), takes_open_end=takes_open_end)
    with open_regular(path) as file:
        return survey_stream(file, how, feed, entity, unit_bytes, place)


def survey_as_unreadable(path: str, how: How, words: str) -> Survey:
    """A file on which the first pass itself fails: refused as one row. Raises as `survey` does."""
    with open_regular(path) as file:
        refused = dataclasses.replace(how, form="none", header=None, refusal="unreadable", detail=words)
        return _refused(file, refused, file.seek(0, os.SEEK_END))


def how_of(name: str, feed: str, entity: str | None = None, adapter: str | None = None, mapping: Mapping | None = None) -> How:
    """How a file of this name is to be read, as far as its name tells; with the refusal of one that cannot be."""
    form, is_packed = form_of(name, feed, entity)
    if mapping is not None:
        form, is_packed = "mapped", name.lower().endswith(".gz")
    how = How(form, is_packed, adapter=adapter, mapping=mapping)
    if feed == "reference" and entity is None:
        return dataclasses.replace(how, form="none", refusal="unknown_entity")
    if form == "none" and _FORMS.get(Path(name.lower().removesuffix(".gz")).suffix) == "document" and feed == "reference":
        return dataclasses.replace(how, refusal="unknown_document")
    if form == "none":
        detail = "a mapping must be called mapping.toml" if name.lower().endswith(".toml") else None
        return dataclasses.replace(how, refusal="unknown_format", detail=detail)
    return how


def survey_stream(file: BinaryIO, how: How, feed: str, entity: str | None, unit_bytes: int, place: Place | None = None) -> Survey:
    """Read bytes once from end to end, from the first of a file that can seek. Raises OSError when they cannot be read.

    `how` is what is known before of their form; `place` says where documents of vendors lay.
    """
    size = file.seek(0, os.SEEK_END)
    how = _judge_head(file, how, is_xml_read=is_epcis(feed))
    file.seek(0)
    if how.form == "none":
        return _refused(file, how, size)
    try:
        stream: BinaryIO | Unpacked = Unpacked(file) if how.is_packed else file
        if how.mapping is not None and how.mapping.is_json:
            return survey_json(stream, how, size, how.mapping, known_fields(feed, entity)[0])
        if how.mapping is not None:
            return survey_mapped(stream, how, size, how.mapping, unit_bytes)
        scan = _Scan(how, feed, entity)
        for block, pieces in line_blocks(stream, unit_bytes):
            scan.take(block, pieces)
        return scan.found(stream, size, place or Place(None))
    except FileRefused as refused:
        return _refused(file, dataclasses.replace(how, refusal=refused.code), size)


def _judge_head(file: BinaryIO, how: How, is_xml_read: bool) -> How:
    """Refuse what its first bytes show to be something else, by its name, whatever the file is called.

    `is_xml_read` is true for feeds that take XML. A mapping may read what begins as XML does.
    """
    file.seek(0)
    try:
        head = (Unpacked(file) if how.is_packed else file).read(HEAD_BYTES)
    except FileRefused:
        return how  # told when it is read
    interchange = interchange_in(head)
    if interchange is not None:
        return dataclasses.replace(how, form="none", refusal="interchange", detail=interchange)
    other = other_kind(head) if how.refusal in (None, "unknown_format", "unknown_document") and how.detail is None else None
    if other is None or (other.startswith("XML") and (is_xml_read or how.mapping is not None)):
        return how
    return dataclasses.replace(how, form="none", refusal="unknown_format", detail=other)


def _refused(file: BinaryIO, how: How, size: int) -> Survey:
    """A file that is refused as one row: its hash is of the bytes as they lie there."""
    file.seek(0)
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return Survey(digest.hexdigest(), size, dataclasses.replace(how, form="none"), (Range(0, size, 0, 1),))


class _Scan:
    """The running state of a first pass over lines: what is known after each block, and the survey at the end."""

    def __init__(self, how: How, feed: str, entity: str | None) -> None:
        self.how, self.feed, self.entity = how, feed, entity
        self.hash = hashlib.sha256()
        self.ranges: list[Range] = []
        self.line = 1
        self.header: bytes | None = None
        self.verdict: tuple[str, str | None] | None = None
        self.is_other_encoding = self.is_wide = self.has_quoted_ends = self.is_cut = self.is_document = False
        self.document: list[bytes] = []

    def take(self, block: Block, pieces: list[bytes]) -> None:
        """The next block, with the raw pieces that it was made of."""
        for piece in pieces:
            self.hash.update(piece)
        content, start = block.content, block.start
        if start == 0:
            self._look_at_first(content)
            top = len(self.header) if self.header is not None else len(BOM) if content.startswith(BOM) else 0
            content, start = content[top:], top
        self._count(content, start, block.end)
        if self.is_document:
            self.document += pieces  # uncut: a document may be one long line
            if block.end > MAX_WHOLE:
                raise FileRefused("too_large")

    def found(self, stream: BinaryIO | Unpacked, size: int, place: Place) -> Survey:
        """What the pass has found, once the stream is at its end."""
        verdict = ("not_utf8", None) if self.is_other_encoding and not self.is_wide else self.verdict
        refusal, detail = verdict or (None, None)
        is_csv = self.how.form == "csv"
        is_open = self.is_cut and is_csv
        how = dataclasses.replace(self.how, header=self.header, refusal=refusal, detail=detail)
        how = dataclasses.replace(how, is_cut=is_open and not how.takes_open_end, takes_open_end=is_open and how.takes_open_end)
        result = Survey(self.hash.hexdigest(), size, how, tuple(self.ranges))
        if self.is_document and verdict is None:
            content = b"".join(self.document).removeprefix(BOM)
            return _as_epcis(result, content) if is_epcis(self.feed) else _as_documents(result, content, self.feed, place)
        if verdict is not None and not result.rows:  # a header that cannot be right, and nothing else: said all the same
            return dataclasses.replace(result, how=dataclasses.replace(how, form="none"), ranges=(Range(0, size, 1, 1),))
        if how.is_packed or self.has_quoted_ends:
            return _as_one(result, stream, self.has_quoted_ends and verdict is None)
        return result

    def _look_at_first(self, content: bytes) -> None:
        """What the first line tells: characters of more than a byte, the header of a table, or a document."""
        form = self.how.form
        if content.startswith(_WIDE_MARKS) or b"\x00" in content[:4]:
            self.verdict, self.is_wide = ("not_utf8", WIDE), True
        elif form == "csv":
            if has_old_line_ends(content):
                raise FileRefused("old_line_ends")
            self.header = header = content[: content.find(b"\n") + 1] or content
            self.line = 2
            self.verdict = judge_header(self.feed, self.entity, header) if len(header) <= MAX_LINE_BYTES else ("line_too_long", None)
        first = content.removeprefix(BOM).lstrip().split(b"\n", 1)[0]
        self.is_document = self.verdict is None and _is_document(form, self.feed, first, self.how.adapter)

    def _count(self, content: bytes, start: int, end: int) -> None:
        """The range of a block without what stands on top, and what its bytes tell of the whole file."""
        is_csv = self.how.form == "csv"
        if not content.isascii() and not self.is_other_encoding:
            self.is_other_encoding = is_in_cp1252(content, None if is_csv else _is_json_object)
        if is_csv and b'"' in content and not self.has_quoted_ends:
            self.has_quoted_ends = any(line.count(b'"') % 2 for line in content.split(b"\n"))
        self.is_cut = has_open_end(content)
        if content:
            rows, ends = count_rows(content.replace(b"\x00", b"") if self.is_wide else content)
            self.ranges.append(Range(start, end, self.line, rows))
            self.line += ends


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(decode(text.strip().encode("utf-8")), dict)
    except Refused:
        return False


def _as_one(found: Survey, stream: BinaryIO | Unpacked | None, has_quoted_ends: bool) -> Survey:
    """One unit for the whole file: packed, or with line ends inside quotes (whose records must be counted as such)."""
    if not found.ranges:
        return found
    first, last = found.ranges[0], found.ranges[-1]
    rows = found.rows
    if has_quoted_ends and stream is not None:
        if last.end > MAX_WHOLE:
            raise FileRefused("too_large")
        rows = sum(1 for _ in records(read_whole(stream)[first.start :], first.first_line))
    return dataclasses.replace(found, ranges=(Range(first.start, last.end, first.first_line, rows),))


def _is_event_line(line: bytes) -> bool:
    try:
        value = decode(line.strip())
    except Refused:
        return False
    return is_session(value) or (isinstance(value, dict) and any(kind.endswith("Event") for kind in type_of(value)))


def _is_document(form: Form, feed: str, first_line: bytes, adapter: str | None) -> bool:
    """Whether a file is documents, by its form and its first line."""
    if is_epcis(feed):
        return not _is_event_line(first_line)
    if form == "jsonl" and feed != "reference":
        return adapter is not None or documents.is_document(first_line)
    return form == "document"


def _as_documents(found: Survey, content: bytes, feed: str, place: Place) -> Survey:
    """A file of vendors' documents: one unit, whose rows are the lines that they become."""
    if not content.strip():
        return found
    whole = Range(0, found.ranges[-1].end, 1, 1)
    try:
        rows = documents.count_rows(content, feed, place, found.how.adapter)
    except Refused as refused:
        return _as_document(found, whole, refused)
    return _as_document(found, dataclasses.replace(whole, rows=rows))


def _as_document(found: Survey, whole: Range, refused: Refused | None = None) -> Survey:
    """A file that is one document from end to end, or nothing that can be read as one."""
    if refused is not None:
        how = dataclasses.replace(found.how, form="none", refusal=refused.code, detail=refused.field)
    else:
        how = dataclasses.replace(found.how, form="document")
    return dataclasses.replace(found, how=how, ranges=(whole,))


def _as_epcis(found: Survey, content: bytes) -> Survey:
    """An EPCIS file whose first line is no event: one document over the whole file, unless other lines are events."""
    if not content.strip():
        return found
    whole = Range(0, found.ranges[-1].end, 1, 1)
    try:
        events = count_events(content)
    except Refused as refused:
        if not is_xml(content) and any(_is_event_line(line) for line in content.split(b"\n") if line.strip()):
            return _as_one(found, None, False) if found.how.is_packed else found
        return _as_document(found, whole, refused)
    return _as_document(found, dataclasses.replace(whole, rows=events))
