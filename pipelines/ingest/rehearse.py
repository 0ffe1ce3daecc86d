"""How a file would be read, without taking it: nothing is written, nothing is remembered."""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path

from pipelines.errors import UserError
from pipelines.feeds.declared.reference import entity_of_path
from pipelines.feeds.mapping.check import feed_of
from pipelines.feeds.mapping.propose import propose
from pipelines.feeds.parse import Parsed, place_of
from pipelines.feeds.registry import FEED_NAMES, REFERENCE
from pipelines.ingest.blocks import Unpacked, open_regular
from pipelines.ingest.sources.content import FileContent
from pipelines.ingest.sources.mappings import MAPPING_FILE, is_table, load_all, read_mapping
from pipelines.ingest.stage import parse_or_refuse
from pipelines.ingest.survey import survey
from pipelines.ingest.surveyed import Range
from pipelines.ingest.unit import WorkUnit
from pipelines.spool import Origin, UnitRange

_ENOUGH = 1 << 16


@dataclasses.dataclass(frozen=True, slots=True)
class Rehearsal:
    """How the first rows of a file would end. `rows` are those of the whole file, `left_out` the rows that are none.

    `mapping` is the path of the mapping that it was read through, null without one.
    """

    feed: str
    mapping: Path | None
    rows: int
    left_out: int
    parsed: Parsed


def mapping_beside(path: Path) -> Path | None:
    """The nearest mapping on the way up from a file, as far as the folder of its feed."""
    for folder in path.resolve().parents:
        if (folder / MAPPING_FILE).exists():
            return folder / MAPPING_FILE
        if folder.name in FEED_NAMES:
            break
    return None


def rehearse(path: Path, feed: str | None = None, mapping: Path | None = None) -> Rehearsal:
    """Read a file as it would be read, its first range of 8 MiB. Raises UserError where the mapping is of no use or no feed is known."""
    if is_table(path.name):
        mapping = mapping or mapping_beside(path)
    said = read_mapping(str(mapping)) if mapping else None
    feed = feed or (feed_of(said, str(mapping)) if said is not None else _feed_of(path))
    entity = _entity_of(path, feed)
    made = load_all(said, str(mapping), feed).get(entity) if said is not None else None
    content = FileContent.of(str(path))
    found = survey(str(path), feed, entity, 8 << 20, place_of(feed, feed), mapping=made)
    first = found.ranges[0] if found.ranges else Range(0, 0, 1, 0)
    origin = Origin("", feed, feed, str(path), entity, "", "", units_in_delivery=1)
    lines = UnitRange("", first.start, first.end, first.first_line, first.rows)
    how = dataclasses.replace(found.how, is_cut=found.how.is_cut and len(found.ranges) == 1)
    parsed = parse_or_refuse(WorkUnit(origin, lines, how, content), secrets.token_bytes(32))
    return Rehearsal(feed, mapping if made else None, found.rows, found.left_out, parsed)


def draft_for(path: Path, feed: str | None = None) -> str:
    """A draft of a mapping for a table."""
    feed = feed or _feed_of(path)
    with open_regular(str(path)) as file:
        stream = Unpacked(file) if path.name.lower().endswith(".gz") else file
        return propose(stream.read(_ENOUGH), feed, _entity_of(path, feed))


def _entity_of(path: Path, feed: str) -> str | None:
    """The entity of a reference file, by its name or by the folders below `reference`."""
    if feed != REFERENCE:
        return None
    parts = path.resolve().parts
    below = parts[len(parts) - parts[::-1].index(REFERENCE) :] if REFERENCE in parts else parts[-1:]
    entity = entity_of_path(below)
    if entity is None:
        raise UserError("the file is not named after a reference entity", where=str(path), next_step="call it items.csv, locations.csv …")
    return entity


def _feed_of(path: Path) -> str:
    for folder in path.resolve().parents:
        if folder.name in FEED_NAMES:
            return folder.name
    raise UserError("no feed is known for this file", where=str(path), next_step=f"--feed, one of {', '.join(FEED_NAMES)}")
