"""A block of a mapped table to raw rows: the whole of it, as the parse stage calls it."""

from __future__ import annotations

import dataclasses

from pipelines.feeds.mapping.documents import read_json_mapped
from pipelines.feeds.mapping.fields import Table, cut_top, read_fields, to_utf8
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.mapping.values import translate
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.csvlines import records, shown
from pipelines.feeds.reading.jsonlines import numbered_lines, unread
from pipelines.feeds.reading.rows import RawRows, Refused, Reject
from pipelines.feeds.reasons import sentence
from pipelines.feeds.spec import FieldType


def read_mapped(
    block: bytes,
    first_line: int,
    header: bytes | None,
    mapping: Mapping,
    known: dict[str, FieldType],
    is_cut: bool = False,
    folder: str | None = None,
) -> RawRows:
    """Rows of a block of whole lines as they lie in the file. `header` is what the first pass made of its columns.

    A file whose characters are wide comes whole, from its first line, and so does one of JSON documents. `is_cut` says that its
    last line has no end; `folder` names the folder that it lies in.
    """
    if mapping.is_json:
        return read_json_mapped(block, mapping, known, folder)
    table = Table.of_header(header, mapping)
    content, first_line = _in_utf8(block, first_line, mapping)
    cut: list[Reject] = []
    if is_cut:
        number, record = list(records(content, first_line, mapping.quote.encode()))[-1]
        content = b"".join(line + b"\n" for line in content.split(b"\n")[: number - first_line])
        if read_fields(record, number, table).rows:  # it is not left out
            cut = [Reject(number, "unterminated_line", sentence("unterminated_line"), shown(record, table.may_show))]
    rows = translate(read_fields(content, first_line, table), table, known, folder)
    return dataclasses.replace(rows, rejects=[*rows.rejects, *cut])


def refuse_lines(block: bytes, first_line: int, header: bytes | None, mapping: Mapping, code: str, detail: str | None) -> list[Reject]:
    """Every line of a block of a file that is refused as a whole."""
    content, first_line = _in_utf8(block, first_line, mapping)
    table = Table.of_header(header, mapping)
    may_show = bool(table.names) and table.may_show
    rejects = []
    for number, line in numbered_lines(content, first_line):
        payload = unread(number, Refused(code), line).payload if may_show else privacy.MASK
        rejects.append(Reject(number, code, sentence(code, detail), payload))
    return rejects


def _in_utf8(block: bytes, first_line: int, mapping: Mapping) -> tuple[bytes, int]:
    content = to_utf8(block, mapping.encoding)
    return (cut_top(content, mapping.top_lines), 1 + mapping.top_lines) if mapping.is_wide else (content, first_line)
