"""Which mapping a file is read through: the nearest `mapping.toml` on its way up to the feed's folder, or one that was named.

A mapping is itself never a delivery. While it is being written, or cannot be used, its files wait.
"""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from pipelines.errors import UserError
from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.mapping.check import MAX_BYTES, entities_by_name, entities_of, feed_of, is_of_documents, load_mapping
from pipelines.feeds.mapping.spec import READING, Mapping, mapping_of
from pipelines.feeds.parse import LAST_LINE_WHOLE
from pipelines.feeds.reading.failing import words_of
from pipelines.feeds.registry import FEED_NAMES, REFERENCE
from pipelines.ingest.blocks import FileRefused, open_regular
from pipelines.ingest.sources.candidates import Candidate
from pipelines.spool import Delivery

MAPPING_FILE: Final = "mapping.toml"
_TABLES: Final = (".csv", ".txt", ".tsv")
_JSON: Final = (".json", ".jsonl")


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a file is to be read as: `name` is how its delivery calls it, empty where the file speaks for itself.

    `takes_open_end`: somebody says that the last line of a canonical table is whole.
    """

    name: str = ""
    adapter: str | None = None
    mapping: Mapping | None = None
    takes_open_end: bool = False

    @classmethod
    def through(cls, mapping: Mapping) -> Reading:
        """The reading through a mapping."""
        return cls(mapping.reading, None, mapping)

    @classmethod
    def of(cls, delivery: Delivery) -> Reading:
        """What a delivery was read as."""
        if delivery.reading.startswith(READING):
            return cls.through(mapping_of(delivery.mapping))
        if delivery.reading == LAST_LINE_WHOLE:
            return OPEN_END_TAKEN
        return cls(delivery.reading, delivery.reading or None)


OPEN_END_TAKEN: Final = Reading(LAST_LINE_WHOLE, takes_open_end=True)
"""Of a table without a mapping, whose last line counts though it has no end."""


class BeingWritten(Exception):
    """The mapping of a file has not been still for long enough."""


def is_table(name: str) -> bool:
    """Whether a file of this name may be read through a mapping.

    >>> is_table("Ventes.CSV.gz"), is_table("day.txt"), is_table("a.jsonl")
    (True, True, False)
    """
    return name.lower().removesuffix(".gz").endswith(_TABLES)


def may_read(mapping: Mapping, name: str) -> bool:
    """Whether a mapping is for files of this name: one of tables for tables, one of JSON documents for those."""
    endings = _JSON if mapping.is_json else _TABLES
    return name.lower().removesuffix(".gz").endswith(endings)


def is_mappable(name: str) -> bool:
    """Whether a file of this name may be read through some mapping."""
    return name.lower().removesuffix(".gz").endswith((*_TABLES, *_JSON))


def load_all(content: bytes, where: str, feed: str) -> dict[str | None, Mapping]:
    """The mappings that a file holds for a feed: one, or for `reference` one for each entity that it names. Raises UserError."""
    entities: list[str | None] = [*ENTITY_BY_NAME] if feed == REFERENCE else [None]
    found: dict[str | None, Mapping | None] = {entity: load_mapping(content, where, feed, entity) for entity in entities}
    made = {entity: mapping for entity, mapping in found.items() if mapping is not None}
    if not made:
        raise UserError(
            "the mapping cannot be used: columns: it names no entity",
            where=where,
            next_step='write [columns.items] and under it item_code = "…"',
        )
    return made


class Mappings:
    """The mappings under one landing root. `named` is a file that somebody names for the files of its feed."""

    def __init__(self, is_still: Callable[[Candidate], bool], named: Path | None = None) -> None:
        self._is_still = is_still
        self._loaded: dict[str, tuple[tuple[int, int, int, int], dict[str | None, Reading] | UserError]] = {}
        self._there: dict[tuple[str, tuple[str, ...]], Candidate] = {}
        self._named: tuple[str, dict[str | None, Reading]] | None = None
        self._files: dict[str, tuple[tuple[int, int, int, int], tuple[tuple[str, tuple[str, ...]], ...]]] = {}
        self._named_files: tuple[tuple[str, tuple[str, ...]], ...] = ()
        if named is not None:
            content = read_mapping(str(named))
            feed = feed_of(content, str(named))
            self._named_files = entities_by_name(content, str(named)) if feed == REFERENCE else ()
            self._named = feed, _readings(load_all(content, str(named), feed))

    def look(self, files: Iterable[Candidate]) -> list[str]:
        """Take note of the mappings that lie there now; returns what is wrong with those that cannot be used."""
        self._there = {(one.feed, one.parts[:-1]): one for one in files}
        return [one_line(error) for one in self._there.values() if self._is_still(one) and isinstance(error := self._load(one), UserError)]

    def of(self, file: Candidate) -> Reading | None:
        """The reading of a file; null where no mapping is meant for it. Raises BeingWritten, or UserError for one of no use."""
        loaded = self._nearest(file)
        reading = loaded.get(file.entity) if loaded else None
        return reading if reading is not None and reading.mapping is not None and may_read(reading.mapping, file.parts[-1]) else None

    def entities(self, file: Candidate) -> tuple[str, ...]:
        """The entities that the mapping of a reference file reads it as, by its name; none where the mapping says nothing of it."""
        if file.feed != REFERENCE or not is_mappable(file.parts[-1]):
            return ()
        if self._named is not None and self._named[0] == file.feed:
            return entities_of(self._named_files, file.parts[-1])
        lying = self._lying(file)
        if lying is None:
            return ()
        marks, said = self._files.get(lying.path, (None, ()))
        if marks != lying.marks:
            try:
                said = entities_by_name(read_mapping(lying.path, lying.source_uri), lying.source_uri)
            except UserError:
                said = ()  # told when the mapping is loaded
            self._files[lying.path] = (lying.marks, said)
        return entities_of(said, file.parts[-1])

    def _lying(self, file: Candidate) -> Candidate | None:
        """The nearest mapping above a file."""
        for depth in range(len(file.parts) - 1, -1, -1):
            lying = self._there.get((file.feed, file.parts[:depth]))
            if lying is not None:
                return lying
        return None

    def _nearest(self, file: Candidate) -> dict[str | None, Reading] | None:
        if not is_mappable(file.parts[-1]):
            return None
        if self._named is not None and self._named[0] == file.feed:
            return self._named[1]
        lying = self._lying(file)
        if lying is None:
            return None
        if not self._is_still(lying):
            raise BeingWritten
        loaded = self._load(lying)
        if isinstance(loaded, UserError):
            if not is_table(file.parts[-1]) and not _is_for_json(lying):
                return None
            raise loaded
        return loaded

    def _load(self, lying: Candidate) -> dict[str | None, Reading] | UserError:
        marks, loaded = self._loaded.get(lying.path, (None, None))
        if loaded is not None and marks == lying.marks:
            return loaded
        try:
            if not stat.S_ISREG(lying.mode):
                raise UserError("the mapping cannot be used: a link is not followed; put the file itself there", where=lying.source_uri)
            found: dict[str | None, Reading] | UserError = _readings(
                load_all(read_mapping(lying.path, lying.source_uri), lying.source_uri, lying.feed)
            )
        except UserError as error:
            found = error
        except Exception as error:  # no text that somebody writes may end the look
            found = UserError(f"the mapping cannot be used: {words_of(error)}", where=lying.source_uri)
        self._loaded[lying.path] = (lying.marks, found)
        return found


def _is_for_json(lying: Candidate) -> bool:
    """Whether a mapping that cannot be used is at least plainly one of JSON documents."""
    try:
        return is_of_documents(read_mapping(lying.path, lying.source_uri))
    except UserError:
        return False


def _readings(mappings: dict[str | None, Mapping]) -> dict[str | None, Reading]:
    return {entity: Reading.through(mapping) for entity, mapping in mappings.items()}


def read_mapping(path: str, where: str | None = None) -> bytes:
    """The bytes of a mapping; UserError where it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(MAX_BYTES + 1)
    except FileRefused:
        raise UserError("the mapping is not a regular file", where=where or path) from None
    except OSError as error:
        raise UserError(f"the mapping cannot be read: {error.strerror}", where=where or path) from error


def one_line(error: UserError) -> str:
    """What is wrong with a mapping, in one line."""
    return f"{error.where}: {error.what}"


def examine(root: Path) -> Iterator[tuple[str, str | None]]:
    """Every mapping under a landing root as its path there, with what is wrong with it (null: nothing)."""
    for feed in FEED_NAMES:
        for path in sorted((root / feed).rglob(MAPPING_FILE)):
            where = path.relative_to(root).as_posix()
            try:
                load_all(read_mapping(str(path), where), where, feed)
            except UserError as error:
                yield where, error.what
            else:
                yield where, None
