"""JSON documents through a mapping: from bytes to rows of text, part by part, and what could not be read.

A file is one document, a list of them, or one a line. Its rows are numbered through the file, document by document and
part by part; a document that no part takes, or that has no lines, is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from pipelines.feeds.mapping.fields import Fields, Table
from pipelines.feeds.mapping.paths import EACH, Row, at, rows_of
from pipelines.feeds.mapping.spec import Mapping, Part, Source
from pipelines.feeds.mapping.values import translate
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.csvlines import BOM
from pipelines.feeds.reading.jsonlines import FractionNumber, WholeNumber, broken_at, check_text, decode, plain_number
from pipelines.feeds.reading.rows import LINE, RawRows, Refused, Reject
from pipelines.feeds.spec import FieldType

_BLANK: Final = b" \t\r\n"
Cells = dict[str, str | None]
"""One row: the text at each path that its part uses."""


@dataclasses.dataclass(frozen=True, slots=True)
class MappedRow:
    """One row of a document: which part of the mapping it is of, and its cells."""

    part: int
    cells: Cells


@dataclasses.dataclass(slots=True)
class Rows:
    """Rows of documents, each with its number and that of its document in the file; what could not be read; documents without rows."""

    rows: list[tuple[int, int, MappedRow]] = dataclasses.field(default_factory=list)
    rejects: list[Reject] = dataclasses.field(default_factory=list)
    left_out: int = 0

    @property
    def count(self) -> int:
        """Rows that are accounted for."""
        return len(self.rows) + len(self.rejects)


class DocumentReader:
    """Makes the rows of single documents. `known` are the fields of the feed (of the entity)."""

    def __init__(self, mapping: Mapping, known: dict[str, FieldType]) -> None:
        self._parts = [_PartReader(part, mapping, known) for part in mapping.parts]

    def rows(self, document: Any) -> Iterator[MappedRow | Refused]:
        """The rows of a decoded document (numbers as `decode` gives them), part by part; none where no part takes it."""
        if not isinstance(document, dict):
            yield Refused("not_json")
            return
        for place, part in enumerate(self._parts):
            for cells in part.rows(document):
                yield cells if isinstance(cells, Refused) else MappedRow(place, cells)


def read_rows(content: bytes, mapping: Mapping, known: dict[str, FieldType]) -> Rows:
    """The rows of a whole file (in UTF-8). Raises Refused where no part of it can be read."""
    reader, found = DocumentReader(mapping, known), Rows()
    for place, document in enumerate(_documents(content, mapping.at)):
        before = found.count
        for row in (document,) if isinstance(document, Refused) else reader.rows(document):
            number = found.count + 1
            if isinstance(row, Refused):
                found.rejects.append(Reject(number, row.code, privacy.mask(row.sentence()), None))
            else:
                found.rows.append((number, place, row))
        found.left_out += found.count == before
    return found


def read_json_mapped(content: bytes, mapping: Mapping, known: dict[str, FieldType], folder: str | None) -> RawRows:
    """Raw rows of a whole file, in the order of their numbers."""
    found = read_rows(content, mapping, known)
    raw = translate_rows(found.rows, mapping, known, folder)
    return dataclasses.replace(raw, rejects=[*raw.rejects, *found.rejects])


def translate_rows(rows: list[tuple[int, int, MappedRow]], mapping: Mapping, known: dict[str, FieldType], folder: str | None) -> RawRows:
    """Raw rows of rows that were made through a mapping, each with its number and that of its document in the file."""
    frames: list[pl.DataFrame] = []
    rejects: list[Reject] = []
    kept: set[str] = set()
    for place, part in enumerate(mapping.parts):
        paths = paths_of(part, mapping)
        of_part = dataclasses.replace(mapping, columns=part.columns, negative=part.negative, parts=(), keeps=mapping.keeps or ())
        cells = [(number, document, row.cells) for number, document, row in rows if row.part == place]
        raw = translate(_fields(cells, paths), Table(paths, of_part), known, folder)
        frames.append(raw.frame)
        rejects += raw.rejects
        kept.update(raw.unknown_columns)
    frame = pl.concat(frames, how="diagonal").sort(LINE)
    return RawRows(frame, rejects, sorted(kept), [], is_ascii=False, may_have_blanks=False, is_clean=True)


def paths_of(part: Part, mapping: Mapping) -> list[str]:
    """Every path that the rows of a part need."""
    used = [str(ref) for _, source in part.columns for ref in source.all_columns()]
    return list(dict.fromkeys([*used, *map(str, mapping.keeps or ())]))


def _fields(rows: list[tuple[int, int, Cells]], paths: list[str]) -> Fields:
    columns = {path: pl.Series(path, [cells[path] for *_, cells in rows], dtype=pl.String()) for path in paths}
    frame = pl.DataFrame([*columns.values(), pl.Series(LINE, [number for number, *_ in rows], dtype=pl.UInt32())])
    documents = pl.Series([place for _, place, _ in rows], dtype=pl.UInt32())
    return Fields(frame, [], 0, is_plain=False, is_ascii=False, documents=documents)


def _documents(content: bytes, path: str) -> Iterator[dict[str, Any] | Refused]:
    """The documents of a file, numbers as written; raises Refused where it is no JSON at all."""
    content = content.removeprefix(BOM).strip(_BLANK)
    try:
        values: list[Any] = [decode(content, limit=None)]
    except Refused as whole:
        lines = [line for line in content.split(b"\n") if line.strip(_BLANK)]
        if len(lines) < 2 or whole.code != "not_json":
            raise
        if lines[0].strip(_BLANK) in (b"{", b"[", b"[{"):  # one document over many lines, and damaged
            raise Refused("not_json", broken_at(content)) from whole
        values = [_decoded(line) for line in lines]
    for value in values:
        if isinstance(value, Refused):
            yield value
            continue
        try:
            for document in at(value, path):
                yield document if isinstance(document, dict) else Refused("not_json")
        except Refused as refused:
            yield refused


def _decoded(line: bytes) -> Any:
    try:
        return decode(line.strip(_BLANK))
    except Refused as refused:
        return refused


class _PartReader:
    """Rows of one part of a mapping."""

    def __init__(self, part: Part, mapping: Mapping, known: dict[str, FieldType]) -> None:
        self._part, self._mark = part, mapping.decimal
        self._codes = {str(ref): field for field, source in part.columns if known[field] == "text" for ref in _taken_as_is(source)}
        self._paths = paths_of(part, mapping)

    def rows(self, document: dict[str, Any]) -> Iterator[Cells | Refused]:
        """The rows of a document, those that cannot be read as `Refused`; none of a document that the part is not for."""
        try:
            if not self._is_meant(Row(document, {}), is_inner=False):
                return
            for row in rows_of(document, self._part.rows):
                yield from self._row(row)
        except Refused as refused:
            yield refused

    def _row(self, row: Row) -> Iterator[Cells | Refused]:
        try:
            if self._is_meant(row, is_inner=True):
                yield {path: self._text(row.value(path), path) for path in self._paths}
        except Refused as refused:
            yield refused

    def _is_meant(self, row: Row, is_inner: bool) -> bool:
        """Whether the conditions on the document, or on elements of its lists, hold."""
        return all(self._holds(row, path, values) for path, values in self._part.where if (EACH in path) == is_inner) and not any(
            self._holds(row, path, values) for path, values in self._part.unless if (EACH in path) == is_inner
        )

    def _holds(self, row: Row, path: str, values: tuple[str, ...]) -> bool:
        return (_plain(row.value(path), path, self._mark) or "") in values

    def _text(self, value: Any, path: str) -> str | None:
        if type(value) is FractionNumber and path in self._codes:
            raise Refused("number_as_code", path, value)
        return _plain(value, path, self._mark)


def _taken_as_is(source: Source) -> Iterator[Any]:
    """Columns whose text becomes the field's: what only says something by being there, or by a table of values, does not."""
    if source.any_value is None and source.meanings is None:
        yield from source.columns
    for one in source.first_of:
        yield from _taken_as_is(one)


def _plain(value: Any, path: str, mark: str) -> str | None:
    """A JSON value as the text of a table; raises Refused where it is none."""
    if value is None or value in ([], {}):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is FractionNumber:
        return plain_number(value, path).replace(".", mark)
    if type(value) is WholeNumber:
        return str(value)
    if type(value) is str:
        return check_text(value, path) or None
    raise Refused("nested_value", path)
