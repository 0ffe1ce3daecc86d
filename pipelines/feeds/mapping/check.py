"""A mapping as written (TOML) to what it means, or to everything that is wrong with it: which key, what stands there, what to do."""

from __future__ import annotations

import dataclasses
import tomllib
from fnmatch import fnmatch
from typing import Any, Final

from pipelines.errors import UserError
from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.mapping.check_fields import Defaults, Refs, Rules, decimals_of, formats_of, negative_of
from pipelines.feeds.mapping.check_json import json_mapping
from pipelines.feeds.mapping.spec import Mapping, Ref
from pipelines.feeds.mapping.table import Checked
from pipelines.feeds.reading.derive_reference import is_zone
from pipelines.feeds.registry import FEED_NAMES, REFERENCE, is_epcis

DELIMITERS: Final = (",", ";", "|", "\t")
ENCODINGS: Final = ("utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16", "utf-16-le", "utf-16-be")
THOUSANDS: Final = (" ", "\u00a0", "\u202f", ".", ",", "'")
MAX_BYTES: Final = 1 << 20


def load_mapping(content: bytes, where: str, feed: str, entity: str | None = None) -> Mapping | None:
    """The mapping of a file for tables of a feed (of one entity); null where it says nothing of this entity.

    `where` is what the file is called in the errors. Raises UserError that names every key that is wrong.
    """
    top = Checked(_tables(content, where), "", [])
    said = top.choice("feed", FEED_NAMES, None)
    if said is not None and said != feed:
        top.fault("feed", said, f"the mapping is in the folder of {feed}; put it under landing/{said}/, or say feed = {feed!r}")
    if is_epcis(feed):
        top.fault("feed", feed, "tag reads are EPCIS events, not tables, so no mapping can read them")
    mapping = None
    if not top.faults:
        mapping = _mapping(top, feed, entity)
    if top.faults:
        raise UserError(
            "the mapping cannot be used: " + "; ".join(top.faults), where=where, next_step="correct it; its files wait until then"
        )
    return mapping


def feed_of(content: bytes, where: str) -> str:
    """The feed that a mapping is for; UserError where it names none."""
    said = _tables(content, where).get("feed")
    if said not in FEED_NAMES:
        raise UserError(f"feed {said!r}: no such feed; a mapping names one of {', '.join(FEED_NAMES)}", where=where)
    return str(said)


def is_of_documents(content: bytes) -> bool:
    """Whether a mapping, right or wrong, is one of JSON documents. Raises UserError where it cannot be read."""
    said = _tables(content, "")
    return "rows" in said or "documents" in said


def entities_by_name(content: bytes, where: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a mapping of reference says of names: pairs of a pattern and the entities that such files are read as. Raises UserError."""
    return tuple(files_of(Checked(_tables(content, where), "", []), REFERENCE))


def entities_of(said: tuple[tuple[str, tuple[str, ...]], ...], name: str) -> tuple[str, ...]:
    """The entities that a file of this name is read as; none where nothing is said of it.

    >>> entities_of((("articles*.csv", ("items", "terms")),), "Articles 2026.csv")
    ('items', 'terms')
    """
    return next((entities for pattern, entities in said if fnmatch(name.lower(), pattern.lower())), ())


def _tables(content: bytes, where: str) -> dict[str, Any]:
    try:
        if len(content) > MAX_BYTES:
            raise ValueError("longer than 1 MiB")
        return tomllib.loads(content.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError:
        fault = "it is not UTF-8; save it as UTF-8"
    except (ValueError, RecursionError) as error:
        fault = f"it is not TOML: {error}"
    raise UserError(f"the mapping cannot be used: {fault}", where=where, next_step="correct it; its files wait until then")


def _mapping(top: Checked, feed: str, entity: str | None) -> Mapping | None:
    file, leave_out, values = top.table("file"), top.table("leave_out"), top.table("values")
    files_of(top, feed)
    columns = top.table("columns", is_checked_whole=False)
    if feed == REFERENCE:
        columns.only(tuple(ENTITY_BY_NAME), "reference has no such entity")
        if entity is not None and not columns.has(entity):
            return None
        columns = columns.table(entity or "", is_checked_whole=False)
        leave_out = _of_entity(leave_out, entity)
    decimal, thousands = _marks(values)
    zone = values.text("time_zone", None)
    if zone is not None and not is_zone(zone):
        values.fault("time_zone", zone, "no time zone has this name; write for example Europe/Paris")
    defaults = Defaults(formats_of(values, "datetime"), formats_of(values, "date"), decimals_of(values))
    common = Mapping(feed=feed, entity=entity, decimal=decimal, thousands=thousands, time_zone=zone)  # type: ignore[arg-type]
    if top.has("rows") or top.has("documents"):  # as `is_of_documents`
        mapping = json_mapping(top, leave_out, columns, common, defaults)
    else:
        mapping = _table_mapping(top, file, leave_out, columns, common, defaults)
    for table in (file, leave_out, values, columns, top):
        table.nothing_else()
    return mapping


def _table_mapping(top: Checked, file: Checked, leave_out: Checked, columns: Checked, common: Mapping, defaults: Defaults) -> Mapping:
    has_header = file.flag("header", True)
    names = file.texts("names", ())
    if has_header and names:
        file.fault("names", names, "the header names the columns; leave it out, or say header = false")
    refs = Refs(has_header, names)
    return dataclasses.replace(
        common,
        delimiter=str(file.choice("delimiter", DELIMITERS, ",")),
        encoding=str(file.choice("encoding", ENCODINGS, "utf-8")),
        quote=str(file.choice("quote", ('"', "'", ""), '"')),
        has_header=has_header,
        names=names,
        skip_lines=file.whole("skip_lines", 0),
        takes_open_end=file.choice("last_line", ("refuse", "whole"), "refuse") == "whole",
        ends_in_delimiters=file.choice("row_end", ("line", "delimiter"), "line") == "delimiter",
        leave_lines=tuple(sorted(leave_out.patterns("lines"))),
        leave_where=tuple(
            (refs.ref(leave_out.inner("where"), column, column), values) for column, values in leave_out.lists_by_name("where")
        ),
        keeps=_keeps(top, refs),
        columns=tuple(sorted(Rules(common.feed, common.entity, refs, defaults).columns(columns).items())),
        negative=negative_of(top, common.feed),
    )


def _marks(values: Checked) -> tuple[str, tuple[str, ...]]:
    """The decimal mark, and the marks that may part thousands."""
    decimal = "," if values.choice("decimal", (".", ","), ".") == "," else "."
    thousands = values.texts("thousands", ())
    for mark in thousands:
        if mark not in THOUSANDS:
            values.fault("thousands", mark, f"thousands are separated by one of {', '.join(map(repr, THOUSANDS))}")
        elif mark == decimal:
            values.fault("thousands", mark, "this is already the decimal mark")
    return decimal, tuple(sorted(thousands))


def _of_entity(leave_out: Checked, entity: str | None) -> Checked:
    """What an entity leaves out: what stands under its own name, else what stands for all of the mapping."""
    own = leave_out.has(entity or "")
    for name in ENTITY_BY_NAME:
        leave_out.has(name)  # of another entity: no key that nobody asks for
    if not own:
        return leave_out
    for name in ("lines", "where"):
        leave_out.has(name)
    return leave_out.table(entity or "")


def files_of(top: Checked, feed: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The entities that files of a name are read as: pairs of a pattern (`articles*.csv`) and names of entities."""
    found = top.lists_by_name("files")
    if found and feed != REFERENCE:
        top.fault("files", dict(found), "only files of reference are named after entities")
    named = top.take("columns")
    for pattern, entities in found:
        for entity in entities:
            if not isinstance(named, dict) or entity not in named:
                top.fault(f"files.{pattern}", entity, "the mapping has no columns for this entity", among=list(named or ()))
    return tuple(found)


def _keeps(top: Checked, refs: Refs) -> tuple[Ref, ...] | None:
    said = top.take("unmapped")
    if said is None:
        return None if refs.are_named else ()
    if said == "drop":
        return ()
    if said == "extra":
        if not refs.are_named:
            top.fault(
                "unmapped", said, 'columns without names cannot be checked for personal data; say unmapped = "drop", or give file.names'
            )
        return None
    if isinstance(said, list) and all(isinstance(one, str) for one in said):
        return tuple(refs.ref(top, "unmapped", one) for one in said)
    top.fault("unmapped", said, '"extra", "drop", or a list of names of columns')
    return None
