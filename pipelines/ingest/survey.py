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
from pipelines.feeds.epcis.jsonform import type_of
from pipelines.feeds.epcis.read import count_events, is_xml
from pipelines.feeds.epcis.session import is_session
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.parse import Form, judge_header
from pipelines.feeds.reading.csvlines import BOM, records
from pipelines.feeds.reading.jsonlines import decode
from pipelines.feeds.reading.rows import MAX_LINE_BYTES, Refused
from pipelines.ingest.blocks import Block, FileRefused, Unpacked, line_blocks, open_regular
from pipelines.ingest.survey_mapped import survey_mapped
from pipelines.ingest.surveyed import MAX_WHOLE, Range, Survey, count_rows, has_open_end, is_in_cp1252, read_whole

_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_FORMS: Final[dict[str, Form]] = {".jsonl": "jsonl", ".csv": "csv", ".json": "document"}
_RFID_FORMS: Final[dict[str, Form]] = {".jsonl": "jsonl", ".json": "jsonl", ".jsonld": "jsonl", ".xml": "jsonl"}


def form_of(name: str, feed: str) -> tuple[Form, bool]:
    """Form of a file by its name, and whether it is packed; `none` when the feed takes no such file.

    >>> form_of("a.csv.gz", "pos"), form_of("a.xlsx", "pos"), form_of("a.xml", "rfid"), form_of("a.xml", "pos")
    (('csv', True), ('none', False), ('jsonl', False), ('none', False))
    """
    lower = name.lower()
    is_packed = lower.endswith(".gz")
    ending = Path(lower.removesuffix(".gz")).suffix
    form = (_RFID_FORMS if feed == "rfid" else _FORMS).get(ending, "none")
    if form == "document" and feed == "reference":
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
) -> Survey:
    """Read a file once from end to end. Raises OSError when it cannot be read, FileRefused when it is no regular file.

    `place` says where documents of vendors lay, `adapter` what they are to be read as; `mapping` is how a table is read.
    """
    with open_regular(path) as file:
        before = os.fstat(file.fileno())
        form, is_packed = form_of(Path(path).name, feed)
        if mapping is not None:
            form, is_packed = "mapped", path.lower().endswith(".gz")
        base = Survey("", before.st_size, before.st_mtime_ns, form, is_packed, ())
        if feed == "reference" and entity is None:
            form, base = "none", dataclasses.replace(base, refusal="unknown_entity")
        elif form == "none":
            detail = "a mapping must be called mapping.toml" if path.lower().endswith(".toml") else None
            base = dataclasses.replace(base, refusal="unknown_format", detail=detail)
        if form == "none":
            return _refused(file, base)
        try:
            stream: BinaryIO | Unpacked = Unpacked(file) if is_packed else file
            if mapping is not None:
                return survey_mapped(stream, base, mapping, unit_bytes)
            return _survey_lines(stream, base, feed, entity, unit_bytes, place or Place(None), adapter)
        except FileRefused as refused:
            return _refused(file, dataclasses.replace(base, refusal=refused.code))


def _refused(file: BinaryIO, base: Survey) -> Survey:
    """A file that is set aside as one row: its hash is of the bytes as they lie there."""
    file.seek(0)
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return dataclasses.replace(base, content_sha256=digest.hexdigest(), form="none", ranges=(Range(0, base.size, 0, 1),), header=None)


class _Scan:
    """The running state of a first pass."""

    def __init__(self, form: Form) -> None:
        self.hash = hashlib.sha256()
        self.form = form
        self.ranges: list[Range] = []
        self.line = 1
        self.is_other_encoding = self.is_wide = False
        self.has_quoted_ends = False
        self.is_cut = False

    def take(self, block: Block, header: bytes | None, first: bool) -> None:
        content = block.content
        start = block.start
        if first:
            skip = len(header) if header is not None else (3 if content.startswith(BOM) else 0)
            content, start = content[skip:], start + skip
            self.line += 1 if header is not None else 0
        if not content.isascii() and not self.is_other_encoding:
            self.is_other_encoding = is_in_cp1252(content, None if self.form == "csv" else _is_json_object)
        if self.form == "csv" and b'"' in content and not self.has_quoted_ends:
            self.has_quoted_ends = any(line.count(b'"') % 2 for line in content.split(b"\n"))
        self.is_cut = has_open_end(content)
        if content:
            rows, ends = count_rows(content.replace(b"\x00", b"") if self.is_wide else content)
            self.ranges.append(Range(start, block.end, self.line, rows))
            self.line += ends


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(decode(text.strip().encode("utf-8")), dict)
    except Refused:
        return False


def _survey_lines(
    stream: BinaryIO | Unpacked, base: Survey, feed: str, entity: str | None, unit_bytes: int, place: Place, adapter: str | None
) -> Survey:
    scan = _Scan(base.form)
    header: bytes | None = None
    verdict: tuple[str, str | None] | None = None
    whole: list[bytes] = []
    is_document = False
    for number, (block, pieces) in enumerate(line_blocks(stream, unit_bytes)):
        for piece in pieces:
            scan.hash.update(piece)
        if number == 0:
            if block.content.startswith(_WIDE_MARKS) or b"\x00" in block.content[:4]:
                verdict, scan.is_wide = ("not_utf8", None), True
            elif base.form == "csv":
                header = block.content[: block.content.find(b"\n") + 1] or block.content
                verdict = judge_header(feed, entity, header) if len(header) <= MAX_LINE_BYTES else ("line_too_long", None)
        scan.take(block, header, number == 0)
        if number == 0:
            is_document = verdict is None and _is_document(
                base.form, feed, block.content.removeprefix(BOM).lstrip().split(b"\n", 1)[0], adapter
            )
        if is_document:
            whole += pieces  # uncut: a document may be one long line
            if block.end > MAX_WHOLE:
                raise FileRefused("too_large")
    if scan.is_other_encoding:
        verdict = ("not_utf8", None)
    result = dataclasses.replace(
        base, content_sha256=scan.hash.hexdigest(), header=header, ranges=tuple(scan.ranges), is_cut=scan.is_cut and base.form == "csv",
        refusal=verdict and verdict[0], detail=verdict and verdict[1],
    )  # fmt: skip
    if is_document and verdict is None:
        content = b"".join(whole).removeprefix(BOM)
        return _as_epcis(result, content) if feed == "rfid" else _as_documents(result, content, feed, place, adapter)
    if base.is_packed or scan.has_quoted_ends:
        result = _as_one(result, stream, scan.has_quoted_ends and verdict is None)
    return result


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
    if feed == "rfid":
        return not _is_event_line(first_line)
    if form == "jsonl" and feed != "reference":
        return adapter is not None or documents.is_document(first_line)
    return form == "document"


def _as_documents(found: Survey, content: bytes, feed: str, place: Place, adapter: str | None) -> Survey:
    """A file of vendors' documents: one unit, whose rows are the lines that they become."""
    if not content.strip():
        return found
    whole = Range(0, found.ranges[-1].end, 1, 1)
    try:
        rows = documents.count_rows(content, feed, place, adapter)
    except Refused as refused:
        return dataclasses.replace(found, form="none", refusal=refused.code, detail=refused.field, ranges=(whole,))
    return dataclasses.replace(found, form="document", ranges=(dataclasses.replace(whole, rows=rows),))


def _as_epcis(found: Survey, content: bytes) -> Survey:
    """An EPCIS file whose first line is no event: one document over the whole file, unless other lines are events."""
    if not content.strip():
        return found
    whole = Range(0, found.ranges[-1].end, 1, 1)
    try:
        events = count_events(content)
    except Refused as refused:
        if not is_xml(content) and any(_is_event_line(line) for line in content.split(b"\n") if line.strip()):
            return _as_one(found, None, False) if found.is_packed else found
        return dataclasses.replace(found, form="none", refusal=refused.code, detail=refused.field, ranges=(whole,))
    return dataclasses.replace(found, form="document", ranges=(dataclasses.replace(whole, rows=events),))
