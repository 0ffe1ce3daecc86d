"""Files of vendors' documents to raw rows: one document, a list of them, or one a line.

Each line that an adapter makes is one row, numbered through the file; a document of which nothing can be made is one
row that is refused. Whether a file holds such documents is asked before it is read (`is_document`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from pipelines.feeds import privacy
from pipelines.feeds.adapters.adapter import Line, Place
from pipelines.feeds.adapters.registry import adapter_for
from pipelines.feeds.jsonlines import decode, encode_extra, split_fields
from pipelines.feeds.rows import EXTRA, LINE, RawRows, Refused, Reject
from pipelines.feeds.spec import FieldType

_BLANK: Final = b" \t\r\n"


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
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    unknown: set[str] = set()
    dropped: set[str] = set()
    for number, line in enumerate(_lines(content, feed, place, named), 1):
        if isinstance(line, Refused):
            rejects.append(Reject(number, line.code, line.sentence(), None))
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
    return RawRows(frame, rejects, sorted(unknown), sorted(dropped), is_ascii=content.isascii())


def _refused_line(number: int, line: Line, refused: Refused) -> Reject:
    try:
        payload = encode_extra(privacy.prune(line, set()))[: privacy.MAX_PAYLOAD]
    except Refused:
        payload = None
    return Reject(number, refused.code, refused.sentence(), payload)


def _lines(content: bytes, feed: str, place: Place, named: str | None) -> Iterator[Line | Refused]:
    """Every line of every document; a document of which nothing can be made is a Refused."""
    for document in _documents(content):
        if isinstance(document, Refused):
            yield document
            continue
        try:
            made = list(adapter_for(document, feed, named).lines(document, place))  # whole or not at all
        except Refused as refused:
            yield refused
        else:
            yield from made


def _documents(content: bytes) -> Iterator[Any]:
    """The documents of a file: its one value, the elements of its list, or the values of its lines."""
    try:
        value = decode(content.strip(_BLANK), limit=None)
    except Refused as whole:
        lines = [line for line in content.split(b"\n") if line.strip(_BLANK)]
        if len(lines) < 2 or whole.code != "not_json":
            raise
        for line in lines:
            try:
                yield decode(line.strip(_BLANK), limit=None)
            except Refused as refused:
                yield refused
        return
    if isinstance(value, list):
        yield from value
    else:
        yield value
