"""Files of vendors' documents to raw rows: one document, a list of them, or one a line.

Each line that an adapter makes is one row, numbered through the file; a document of which nothing can be made is one
row that is refused. Whether a file holds such documents is asked before it is read (`is_document`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from pipelines.feeds.adapters.adapter import Adapter, Inexact, Line, Place
from pipelines.feeds.adapters.registry import ADAPTER_BY_NAME, QUICK, adapter_for
from pipelines.feeds.mapping.documents import MappedRow, translate_rows
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.failing import words_of
from pipelines.feeds.reading.jsonlines import broken_at, decode, encode_extra, says_ascii, split_fields
from pipelines.feeds.reading.rows import EXTRA, LINE, RawRows, Refused, Reject
from pipelines.feeds.spec import FieldType

_BLANK: Final = b" \t\r\n"
_OPENINGS: Final = (b"{", b"[", b"[{")
"""First lines of a document that is written over many."""


def is_document(line: bytes) -> bool:
    """Whether a JSON Lines file that begins with this line holds documents: an object without `event_kind` that an adapter knows."""
    if b'"event_kind"' in line:
        return False
    try:
        value = decode(line.strip(_BLANK), limit=None)
        adapter_for(value, feed="")
    except Refused as refused:
        return refused.code in ("other_feed", "unusable_document")
    return True


def count_rows(content: bytes, feed: str, place: Place, named: str | None) -> int:
    """How many rows the file has. Raises Refused when no part of it can be read."""
    return sum(1 for _ in _lines(content, feed, place, named))


def read_documents(
    content: bytes, feed: str, place: Place, named: str | None, known: dict[str, FieldType], renames: dict[str, str]
) -> RawRows:
    """Raw rows of a whole file. `known` are the fields that the feed lists, after `renames`."""
    targets = {name: name for name in known} | {name: target for name, target in renames.items() if target in known}
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    unknown: set[str] = set()
    dropped: set[str] = set()
    mapped: dict[str, list[tuple[int, int, MappedRow]]] = {}
    for number, made in enumerate(_lines(content, feed, place, named), 1):
        line = made.line
        if isinstance(line, MappedRow):
            mapped.setdefault(made.adapter, []).append((number, made.document, line))
            continue
        if isinstance(line, Refused):
            rejects.append(Reject(number, line.code, _storable(privacy.mask(line.sentence())), None))
            continue
        plain = _plain_row(line, targets)
        if plain is not None:
            plain[LINE] = number
            rows.append(plain)
            continue
        try:
            listed, other = split_fields(line, known, renames, dropped)
        except Refused as refused:
            rejects.append(_refused_line(number, line, refused))
            continue
        row: dict[str, Any] = dict(listed)
        if other:
            row[EXTRA] = encode_extra(other)
            unknown.update(other)
        row[LINE] = number
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    schema: dict[str, pl.DataType] = {name: pl.String() for name in {**names, LINE: None}}
    schema[LINE] = pl.UInt32()
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema)
    raw = RawRows(frame, rejects, sorted(unknown), sorted(dropped), is_ascii=says_ascii(content))
    return _with_mapped(raw, mapped, known, place) if mapped else raw


def _with_mapped(raw: RawRows, mapped: dict[str, list[tuple[int, int, MappedRow]]], known: dict[str, FieldType], place: Place) -> RawRows:
    """The rows, and those of documents that are read through shipped mappings."""
    for name, rows in mapped.items():
        mapping = ADAPTER_BY_NAME[name].mapping
        assert mapping is not None
        more = translate_rows(rows, mapping(), known, place.source_system)
        frames = [one for one in (raw.frame, more.frame) if one.height]
        frame = pl.concat(frames, how="diagonal").sort(LINE) if frames else raw.frame
        raw = dataclasses.replace(raw, frame=frame, rejects=[*raw.rejects, *more.rejects], is_ascii=False)
    return raw


def _plain_row(line: Line, targets: dict[str, str]) -> dict[str, Any] | None:
    """The row of a line that is nothing but listed fields of plain text, which needs no second look; else null."""
    row: dict[str, Any] = {}
    for name, value in line.items():
        if value is None:
            continue
        target = targets.get(name)
        if target is None or target in row or type(value) is not str or not value:
            return None
        row[target] = value
    text = "".join(row.values())
    return row if text.isascii() and text.isprintable() else None


def _refused_line(number: int, line: Line, refused: Refused) -> Reject:
    try:
        payload = _storable(encode_extra(privacy.prune(line, set()))[: privacy.MAX_PAYLOAD])
    except Refused:
        payload = None
    return Reject(number, refused.code, _storable(privacy.mask(refused.sentence())), payload)


def _storable(text: str) -> str:
    """The text with half characters written out, which no file can hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class _Made(NamedTuple):
    """A line of a file: of which document (from 0), and by which adapter (empty where none made it)."""

    line: Line | MappedRow | Refused
    document: int
    adapter: str = ""


def _lines(content: bytes, feed: str, place: Place, named: str | None) -> Iterator[_Made]:
    """Every line of every document; a document of which nothing can be made is a Refused."""
    for number, document in enumerate(_documents(content, named)):
        if isinstance(document, Refused):
            yield _Made(document, number)
            continue
        try:
            name, made = _made(document, feed, place, named)
        except Refused as refused:
            yield _Made(refused, number)
        else:
            yield from (_Made(line, number, name) for line in made)


def _made(document: _Document, feed: str, place: Place, named: str | None) -> tuple[str, list[Line | MappedRow | Refused]]:
    """The adapter's name and the lines of a document, whole or not at all; one on which our own code fails is refused like any other."""
    try:
        adapter = adapter_for(document.plain, feed, named)
        return adapter.name, _made_by(adapter, document, place)
    except Refused:
        raise
    except Exception as error:
        raise Refused("unreadable", words_of(error)) from error


def _made_by(adapter: Adapter, document: _Document, place: Place) -> list[Line | MappedRow | Refused]:
    if adapter.quick is not None:
        try:
            return list(adapter.lines(document.plain, place))
        except Inexact:
            pass
    return list(adapter.lines(document.as_written(), place))


class _Document(NamedTuple):
    """One document: with numbers as int and float, which is enough to tell what it is, and a way to have them as written."""

    plain: Any
    as_written: Callable[[], Any]


def _documents(content: bytes, named: str | None) -> Iterator[_Document | Refused]:
    """The documents of a file: its one value, the elements of its list, or the values of its lines."""
    try:
        plain, as_written = _decoded(content, named)
    except Refused as whole:
        lines = [line for line in content.split(b"\n") if line.strip(_BLANK)]
        if len(lines) < 2 or whole.code != "not_json":
            raise
        if lines[0].strip(_BLANK) in _OPENINGS:  # one document over many lines, and damaged
            raise Refused("not_json", broken_at(content)) from whole
        for line in lines:
            try:
                yield _Document(*_decoded(line, named))
            except Refused as refused:
                yield refused
        return
    if isinstance(plain, list):
        for number, each in enumerate(plain):
            yield _Document(each, partial(_element, as_written, number))
    else:
        yield _Document(plain, as_written)


def _element(as_written: Callable[[], Any], number: int) -> Any:
    return as_written()[number]


def _decoded(content: bytes, named: str | None) -> tuple[Any, Callable[[], Any]]:
    """A JSON value with plain numbers, of which only what is read may be there, and a way to have all of it with numbers as written.

    Raises Refused. `named` is the adapter that the document is for, if it is known.

    What the fast reader does not take (NaN, half a character, too deep, or no JSON) the strict one judges. Of a field
    that an object names twice the fast reader has the last; only adapters with a quick way see that.
    """
    content = content.strip(_BLANK)
    as_written = lru_cache(maxsize=1)(partial(decode, content, limit=None))
    for adapter in QUICK:
        part = adapter.quick(content) if adapter.quick and named in (None, adapter.name) else None
        if part is not None and adapter.recognises(part):
            return part, as_written
    try:
        return orjson.loads(content), as_written
    except orjson.JSONDecodeError:
        return as_written(), as_written
