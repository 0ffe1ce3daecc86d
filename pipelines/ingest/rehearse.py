"""How a file would be read, without taking it: nothing is written, nothing is remembered."""

from __future__ import annotations

import dataclasses
import json
import secrets
from pathlib import Path
from typing import Final

import polars as pl

from pipelines.errors import UserError
from pipelines.feeds.adapters.registry import ADAPTER_BY_NAME, check_format
from pipelines.feeds.declared.reference import CODES_OF_VENDORS, ENTITY_BY_NAME, entity_of_path
from pipelines.feeds.mapping.check import entities_by_name, entities_of, feed_of
from pipelines.feeds.mapping.propose import WHOLE_BYTES, Proposal, as_text, proposal_of, with_others_of
from pipelines.feeds.mapping.propose_json import JsonProposal, as_json_text, json_proposal_of
from pipelines.feeds.mapping.spec import Mapping
from pipelines.feeds.mapping.words import entity_called
from pipelines.feeds.parse import Parsed, place_of
from pipelines.feeds.registry import FEED_NAMES, REFERENCE
from pipelines.ingest.blocks import Unpacked, open_regular
from pipelines.ingest.sources.content import FileContent
from pipelines.ingest.sources.mappings import MAPPING_FILE, is_mappable, is_table, load_all, may_read, read_mapping
from pipelines.ingest.stage import joined, parse_or_refuse
from pipelines.ingest.survey import survey
from pipelines.ingest.surveyed import MAX_WHOLE, Range
from pipelines.ingest.unit import WorkUnit
from pipelines.spool import Origin, UnitRange


@dataclasses.dataclass(frozen=True, slots=True)
class Rehearsal:
    """How the rows of a file would end. `rows` are those of the file, `left_out` the rows that are none.

    `mapping` is the path of the mapping that it was read through, null without one. `repeats` are rows that say what a row
    above them says, `conflicts` those that name the same line and say something else. `entity` is that of a reference file.
    """

    feed: str
    entity: str | None
    mapping: Path | None
    rows: int
    left_out: int
    parsed: Parsed
    repeats: int
    conflicts: int


def mapping_beside(path: Path) -> Path | None:
    """The nearest mapping on the way up from a file, as far as the folder of its feed."""
    for folder in path.resolve().parents:
        lying = folder / MAPPING_FILE
        if lying.exists() and lying.stat().st_size:  # one that a shell has just made for the draft says nothing yet
            return folder / MAPPING_FILE
        if folder.name in FEED_NAMES:
            break
    return None


def rehearse(path: Path, feed: str | None = None, reading: str | None = None, is_whole: bool = False) -> list[Rehearsal]:
    """Read a file as it would be read, once for each entity that its mapping reads it as (one for other feeds).

    `reading` is a mapping (`FILE.toml`) or a vendor's document, as `--format` has it; `is_whole` as `--last-line whole`. Raises
    UserError where that is of no use or no feed is known.
    """
    mapping = Path(reading) if reading and reading.lower().endswith(".toml") else None
    adapter = check_format(reading) if reading and mapping is None else None
    if adapter is None and mapping is None and is_mappable(path.name):
        mapping = mapping_beside(path)
    said = read_mapping(str(mapping)) if mapping else None
    feed = feed or (ADAPTER_BY_NAME[adapter].feed if adapter else feed_of(said, str(mapping)) if said is not None else _feed_of(path))
    made = load_all(said, str(mapping), feed) if said is not None else {}
    entities = entities_of(entities_by_name(said, str(mapping)), path.name) if said is not None and feed == REFERENCE else ()
    found = []
    for entity in entities or (_entity_of(path, feed),):
        one = made.get(entity)
        one = one if one is not None and may_read(one, path.name) else None
        found.append(_rehearse_as(path, feed, entity, mapping if one else None, one, adapter, is_whole))
    return found


def _rehearse_as(
    path: Path, feed: str, entity: str | None, where: Path | None, mapping: Mapping | None, adapter: str | None, is_whole: bool
) -> Rehearsal:
    folder = _folder_of(path, feed)
    content = FileContent.of(str(path))
    found = survey(str(path), feed, entity, 8 << 20, place_of(feed, folder), adapter, mapping, is_whole)
    origin = Origin("", feed, folder, str(path), entity, "", "", units_in_delivery=1)
    secret = secrets.token_bytes(32)
    ranges = found.ranges or (Range(0, 0, 1, 0),)
    parts = []
    for one in ranges:
        lines = UnitRange("", one.start, one.end, one.first_line, one.rows)
        how = dataclasses.replace(found.how, is_cut=found.how.is_cut and one is ranges[-1])
        parts.append(parse_or_refuse(WorkUnit(origin, lines, how, content), secret))
    parsed = parts[0] if len(parts) == 1 else joined(parts)
    return Rehearsal(feed, entity, where, found.rows, found.left_out, parsed, *_told_twice(parsed.events, entity))


def _told_twice(events: pl.DataFrame, entity: str | None) -> tuple[int, int]:
    """Rows that repeat one above them, and rows that name the same line and say something else.

    Of reference data a later row of a key replaces the earlier one; where it says something else, only the later stays.
    """
    keys = ["key_hi", "key_lo", "source_revision"] if entity is None else [*ENTITY_BY_NAME[entity].key, "valid_from"]
    keys = [name for name in keys if name in events.columns]
    if not events.height or not keys:
        return 0, 0
    says = ["payload_hash"] if entity is None else [name for name in events.columns if name != "source_line"]
    again = events.height - events.select(keys).n_unique()
    repeats = events.height - events.select(list(dict.fromkeys([*keys, *says]))).n_unique()
    return repeats, again - repeats


def _folder_of(path: Path, feed: str) -> str:
    """The first folder under that of the feed, else the feed: the source system of the file."""
    below = _below(path, feed)
    return below[0] if len(below) > 1 else feed


_END_BYTES: Final = 4096
_OF_ANOTHER_FORM: Final = frozenset(
    {"missing_column", "duplicate_column", "unknown_format", "unknown_entity", "not_utf8", "ragged_row", "bad_quoting"}
)
"""Reasons of which one at least refuses rows of a table that is not in the form of its feed."""


def has_draft(path: Path, parsed: Parsed) -> bool:
    """Whether a file of which no row can be read is one that a mapping may read: a table, or JSON that no adapter knows."""
    codes = set(parsed.rejects["reason_code"].to_list()) if not parsed.events.height else set()
    if "unknown_format" in codes and path.name.lower().removesuffix(".gz").endswith(
        (".csv", ".json", ".jsonl")
    ):  # its content is that of another kind of file
        return False
    if not codes or codes & {"interchange", "other_feed", "unusable_document", "not_a_regular_file"}:
        return False
    if is_table(path.name):  # with the columns of its feed it is one: what is wrong with its rows is to be shown
        return bool(codes & _OF_ANOTHER_FORM)
    return is_mappable(path.name) and codes <= {"unknown_document", "unknown_entity", "unknown_format", "missing_field", "unknown_kind"}


def draft_for(paths: list[Path], feed: str | None = None) -> str | None:
    """A draft of one mapping for files that lie together, tables or JSON documents; null where there is nothing to make it of.

    Where both lie there, the first says of which the mapping is; the others are named.
    """
    tables: list[Proposal] = []
    documents: list[JsonProposal] = []
    for path in paths:
        of = feed or _feed_of(path)
        entity, name = _drafted_entity(path, of)
        if is_table(path.name):
            content = _beginning(path, WHOLE_BYTES)
            drafted = [_drafted_entity(other, of)[0] for other in paths] if of == REFERENCE else []
            tables += with_others_of(proposal_of(content, of, entity, name, _end(path)), content, path.name, "suppliers" in drafted)
        elif (one := json_proposal_of(_beginning(path, MAX_WHOLE), of, entity, name)) is not None:
            documents.append(one)
    if not tables and not documents:
        return None
    of_tables = bool(tables) and (not documents or is_table(paths[0].name))
    others = [path.name for path in paths if is_table(path.name) != of_tables]
    text = as_text(tables) if of_tables else as_json_text(documents)
    return text + (f"\n# tables and JSON need a folder and a mapping each; not in this one: {', '.join(others)}\n" if others else "")


def _drafted_entity(path: Path, feed: str) -> tuple[str | None, str]:
    """The entity that a reference file is drafted for, and the name of a file that does not say it as the product reads names."""
    entity = _entity_of(path, feed)
    called = entity_called(path.name.partition(".")[0]) if feed == REFERENCE else None
    if entity == CODES_OF_VENDORS and called is not None and not path.name.startswith(CODES_OF_VENDORS):
        return called, path.name
    return entity, "" if feed != REFERENCE or entity_of_path(_below(path, feed)) else path.name


def _beginning(path: Path, size: int) -> bytes:
    with open_regular(str(path)) as file:
        stream = Unpacked(file) if path.name.lower().endswith(".gz") else file
        return stream.read(size)


def _end(path: Path) -> bytes:
    """The last bytes of a table of which `_beginning` gives not all; none of one that cannot be read from behind."""
    size = path.stat().st_size
    if size <= WHOLE_BYTES or path.name.lower().endswith(".gz"):
        return b""
    with open_regular(str(path)) as file:
        file.seek(max(WHOLE_BYTES, size - _END_BYTES))
        return file.read()


def files_in(folder: Path) -> list[Path]:
    """The files of a folder that a mapping may read, by name. Raises UserError where there are none."""
    found = sorted(path for path in folder.iterdir() if path.is_file() and is_mappable(path.name) and not path.name.startswith("."))
    if not found:
        raise UserError(
            "the folder holds no table and no JSON", where=str(folder), next_step="name a file, or the folder that the files lie in"
        )
    return found


def _below(path: Path, feed: str) -> tuple[str, ...]:
    """The path under the folder of a feed, the file's name last; the name alone where there is no such folder."""
    parts = path.resolve().parts
    return parts[len(parts) - parts[::-1].index(feed) :] if feed in parts[:-1] else parts[-1:]


def _entity_of(path: Path, feed: str) -> str | None:
    """The entity of a reference file, by its name or the folders below `reference`, else by a word in its name."""
    if feed != REFERENCE:
        return None
    entity = entity_of_path(_below(path, feed)) or entity_called(path.name.partition(".")[0])
    if entity is None:
        raise UserError(
            "the file is not named after a reference entity",
            where=str(path),
            next_step=f'call it items.csv, locations.csv …, or say files = {{ {json.dumps(path.name)} = ["items"] }} in a mapping',
        )
    return entity


def _feed_of(path: Path) -> str:
    for folder in path.resolve().parents:
        if folder.name in FEED_NAMES:
            return folder.name
    raise UserError("no feed is known for this file", where=str(path), next_step=f"--feed, one of {', '.join(FEED_NAMES)}")
