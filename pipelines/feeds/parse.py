"""One block of a file to rows and rejects, whatever the feed and the form: what ingest calls."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

import polars as pl

from pipelines.feeds.adapters.adapter import Place
from pipelines.feeds.adapters.documents import read_documents
from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.epcis.read import read_document, read_event_lines
from pipelines.feeds.mapping.read import read_mapped, refuse_lines
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.csvlines import Header, header_names, read_csv, records
from pipelines.feeds.reading.derive import Context, derive
from pipelines.feeds.reading.derive_reference import derive_reference
from pipelines.feeds.reading.jsonfast import read_json
from pipelines.feeds.reading.jsonlines import numbered_lines, unread
from pipelines.feeds.reading.rows import Parsed, RawRows, Refused, Reject, reject_frame
from pipelines.feeds.reasons import sentence
from pipelines.feeds.registry import FEED_BY_NAME, is_epcis, known_fields, required_columns

Form = Literal["jsonl", "csv", "mapped", "document", "none"]
"""How a file is to be read: lines of JSON, a table, a table through a mapping, documents (EPCIS, or a vendor's), or not at all."""


LAST_LINE_WHOLE: Final = "last-line:whole"
"""The reading of a table whose last line has no end and was said to be whole."""


@dataclasses.dataclass(frozen=True, slots=True)
class How:
    """How a file is read: what a first look at it found, and what somebody said of it.

    `is_packed`: it is unpacked first. `header` is the header line of a table; `refusal` refuses every line with this reason,
    `detail` says more about it (a column's name). `is_cut`: the last line of a table has no end. `adapter` reads documents as
    this vendor's, whatever they look like; `mapping` is how a mapped table is read. `takes_open_end`: somebody says that the last
    line of a table is whole though it has no end.
    """

    form: Form
    is_packed: bool = False
    header: bytes | None = None
    refusal: str | None = None
    detail: str | None = None
    is_cut: bool = False
    adapter: str | None = None
    mapping: Mapping | None = None
    takes_open_end: bool = False

    @property
    def reading(self) -> str:
        """What a delivery says that it was read as; empty where the file speaks for itself."""
        if self.mapping is not None:
            return self.mapping.reading
        return LAST_LINE_WHOLE if self.takes_open_end else self.adapter or ""


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """What to parse a block as: lines of a feed (of an entity of `reference`), read so."""

    feed: str
    how: How
    context: Context
    entity: str | None = None


def judge_header(feed: str, entity: str | None, line: bytes) -> tuple[str, str | None] | None:
    """What is wrong with a header line for the whole file, as (reason, column), or null."""
    known, renames = known_fields(feed, entity)
    try:
        header = Header(header_names(line), known, renames)
    except Refused as refused:
        return refused.code, refused.field
    missing = header.missing(required_columns(feed, entity))
    if missing:
        return "missing_column", ", ".join(missing)
    doubled = [name for name in header.names if header.names.count(name) > 1]
    return ("duplicate_column", doubled[0][:64]) if doubled else None


def parse_block(task: Task, content: bytes, first_line: int, rows: int, is_cut: bool = False) -> Parsed:
    """Parse whole lines (or a document).

    `rows` is how many rows the first pass counted; `is_cut` says that a table's last line has no end.
    """
    how = task.how
    if how.refusal is not None:
        return refuse_all(task, content, first_line)
    cut: list[Reject] = []
    known, renames = known_fields(task.feed, task.entity)
    if how.form == "csv":
        assert how.header is not None
        header = Header(header_names(how.header), known, renames)
        if is_cut:
            content, cut = _cut_last(content, first_line, header)
            rows -= len(cut)
        raw = read_csv(content, first_line, rows, header)
    elif how.mapping is not None:
        folder = place_of(task.feed, task.context.source_system).source_system
        raw = read_mapped(content, first_line, how.header, how.mapping, known, is_cut, folder)
    elif is_epcis(task.feed):
        raw = read_document(content) if how.form == "document" else read_event_lines(content, first_line)
    elif how.form == "document":
        raw = read_documents(content, task.feed, place_of(task.feed, task.context.source_system), how.adapter, known, renames)
    else:
        raw = read_json(content, first_line, rows, known, renames)
    if cut:
        raw = dataclasses.replace(raw, rejects=[*raw.rejects, *cut])
    if task.entity is not None:
        return derive_reference(raw, ENTITY_BY_NAME[task.entity])
    return derive(raw, FEED_BY_NAME[task.feed], task.context)


def place_of(feed: str, source_system: str) -> Place:
    """Where a document lay: a source system that is called like the feed was named by no folder."""
    return Place(None if source_system == feed else source_system)


def _cut_last(content: bytes, first_line: int, header: Header) -> tuple[bytes, list[Reject]]:
    """The block without its last record, which has no line end, and that record's reject."""
    number, record = list(records(content, first_line))[-1]
    kept = b"".join(line + b"\n" for line in content.split(b"\n")[: number - first_line])
    return kept, [Reject(number, "unterminated_line", sentence("unterminated_line"), header.payload(record))]


def refuse_all(task: Task, content: bytes, first_line: int) -> Parsed:
    """Every line of a block as a reject of the task's reason; what is kept of it is masked."""
    how = task.how
    assert how.refusal is not None
    if how.mapping is not None:
        refused = refuse_lines(content, first_line, how.header, how.mapping, how.refusal, how.detail)
        return Parsed(pl.DataFrame(), reject_frame(refused), [], [])
    rejects = []
    hidden = False
    if how.header is not None:
        known, renames = known_fields(task.feed, task.entity)
        try:
            names = how.header.decode("utf-8", "replace").replace("\x00", "").strip("\ufeff\r\n").split(",")
            hidden = not Header([name.strip('" ') for name in names], known, renames).may_show()
        except Refused:
            hidden = True
    reason = sentence(how.refusal, how.detail)
    if how.refusal == "not_utf8":
        content = content.replace(b"\x00", b"")  # of UTF-16, what can be told apart without decoding
    for number, line in numbered_lines(content, first_line):
        text = None if hidden else unread(number, Refused(how.refusal), line).payload
        rejects.append(Reject(number, how.refusal, reason, text if text is not None else privacy.MASK))
    return Parsed(pl.DataFrame(), reject_frame(rejects), [], [])


def refuse_lines_of(task: Task, content: bytes, first_line: int, code: str, detail: str) -> Parsed:
    """Every line of a block as a reject of this reason, `detail` said first; what is kept of it is masked."""
    how = dataclasses.replace(task.how, refusal=code, detail=detail)
    return refuse_all(dataclasses.replace(task, how=how), content, first_line)


def refuse_file(code: str, rows: int = 1, detail: str | None = None, first_line: int = 0) -> Parsed:
    """A file that cannot be opened as what it should be: `rows` rejects without payload (line 0 is the file itself)."""
    rejects = [Reject(first_line + number, code, sentence(code, detail), None) for number in range(rows)]
    return Parsed(pl.DataFrame(), reject_frame(rejects), [], [])


__all__ = [
    "LAST_LINE_WHOLE",
    "Context",
    "Form",
    "How",
    "Parsed",
    "RawRows",
    "Task",
    "judge_header",
    "known_fields",
    "parse_block",
    "place_of",
    "refuse_all",
    "refuse_file",
    "refuse_lines_of",
]
