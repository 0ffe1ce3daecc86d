"""Adapters without code: a vendor's document that is read through a mapping which parstock ships (`<vendor>/<document>.toml`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.feeds.adapters.adapter import Adapter, Place
from pipelines.feeds.mapping.check import feed_of, load_mapping
from pipelines.feeds.mapping.documents import DocumentReader, MappedRow
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.registry import known_fields


def shipped(
    file: Path, *, name: str, title: str, feed: str, marks: frozenset[str], recognises: Callable[[Any], bool], says_nothing: str
) -> Adapter:
    """The adapter that a mapping of the feed is; `says_nothing` is the title of a document of which it makes no row.

    The mapping is read when it is first needed: whoever imports the adapters must not start Polars' threads.
    """

    def lines(document: Any, place: Place) -> Iterator[MappedRow | Refused]:
        found = list(_reader_of(file).rows(document))
        yield from found or (Refused("unusable_document", says_nothing),)

    return Adapter(name, title, feed, marks, recognises, lines, mapping=lambda: mapping_in(file))


@lru_cache(maxsize=16)
def _reader_of(file: Path) -> DocumentReader:
    mapping = mapping_in(file)
    return DocumentReader(mapping, known_fields(mapping.feed, None)[0])


@lru_cache(maxsize=16)
def mapping_in(file: Path) -> Mapping:
    """The mapping of a shipped file."""
    content = file.read_bytes()
    mapping = load_mapping(content, file.name, feed_of(content, file.name))
    if mapping is None or not mapping.is_json:
        raise ValueError(f"{file}: no mapping of JSON documents")
    return mapping
