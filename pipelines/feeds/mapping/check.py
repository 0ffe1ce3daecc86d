"""A mapping as written (TOML) to what it means, or to everything that is wrong with it: which key, what stands there, what to do."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from typing import Any, Final

from pipelines.errors import UserError
from pipelines.feeds.declared.reference import ENTITY_BY_NAME
from pipelines.feeds.mapping.dates import format_fault, has_clock
from pipelines.feeds.mapping.spec import Mapping, Ref, Source
from pipelines.feeds.mapping.table import Checked
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.currencies import CURRENCIES
from pipelines.feeds.reading.derive_reference import is_zone
from pipelines.feeds.registry import FEED_BY_NAME, FEED_NAMES, REFERENCE, is_epcis, known_fields, required_columns

DELIMITERS: Final = (",", ";", "|", "\t")
ENCODINGS: Final = ("utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16", "utf-16-le", "utf-16-be")
THOUSANDS: Final = (" ", "\u00a0", "\u202f", ".", ",", "'")
MAX_BYTES: Final = 1 << 20
_TIME_ONLY: Final = frozenset({"occurred_at"})
"""Instants that a day alone does not give."""


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
    has_header = file.flag("header", True)
    names = file.texts("names", ())
    if has_header and names:
        file.fault("names", names, "the header names the columns; leave it out, or say header = false")
    encoding = str(file.choice("encoding", ENCODINGS, "utf-8"))
    delimiter, quote = str(file.choice("delimiter", DELIMITERS, ",")), str(file.choice("quote", ('"', "'", ""), '"'))
    refs = _Refs(has_header, names)
    decimal = "," if values.choice("decimal", (".", ","), ".") == "," else "."
    thousands = values.texts("thousands", ())
    for mark in thousands:
        if mark not in THOUSANDS:
            values.fault("thousands", mark, f"thousands are separated by one of {', '.join(map(repr, THOUSANDS))}")
        elif mark == decimal:
            values.fault("thousands", mark, "this is already the decimal mark")
    zone = values.text("time_zone", None)
    if zone is not None and not is_zone(zone):
        values.fault("time_zone", zone, "no time zone has this name; write for example Europe/Paris")
    rules = _Rules(feed, entity, refs, _formats(values, "datetime"), _formats(values, "date"))
    columns = top.table("columns")
    if feed == REFERENCE:
        columns.only(tuple(ENTITY_BY_NAME), "reference has no such entity")
        if entity is not None and not columns.has(entity):
            return None
        columns = columns.table(entity or "", is_checked_whole=False)
    found = rules.columns(columns)
    mapping = Mapping(
        feed=feed,
        entity=entity,
        delimiter=delimiter,
        encoding=encoding,
        quote=quote,
        has_header=has_header,
        names=names,
        skip_lines=file.whole("skip_lines", 0),
        takes_open_end=file.choice("last_line", ("refuse", "whole"), "refuse") == "whole",
        leave_lines=tuple(sorted(leave_out.patterns("lines"))),
        leave_where=tuple(
            (refs.ref(leave_out.inner("where"), column, column), values) for column, values in leave_out.lists_by_name("where")
        ),
        decimal=decimal,  # type: ignore[arg-type]
        thousands=tuple(sorted(thousands)),
        time_zone=zone,
        keeps=_keeps(top, refs),
        columns=tuple(sorted(found.items())),
        negative=_negative(top, feed),
    )
    for table in (file, leave_out, values, columns, top):
        table.nothing_else()
    return mapping


def _clean(text: str | None) -> str | None:
    """A constant as text of the table is when it is compared with: composed, without blanks around it; null where nothing is left."""
    return None if text is None else unicodedata.normalize("NFC", text).strip(BLANKS) or None


def _formats(values: Checked, name: str) -> tuple[str, ...]:
    formats = values.texts(name, ("iso",))
    for one in formats:
        fault = format_fault(one)
        if fault:
            values.fault(name, one, fault)
    return formats


def _keeps(top: Checked, refs: _Refs) -> tuple[Ref, ...] | None:
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


def _negative(top: Checked, feed: str) -> tuple[tuple[str, str], ...]:
    pairs = top.pairs("negative_quantity")
    if pairs and feed == REFERENCE:
        top.fault("negative_quantity", dict(pairs), "rows of reference have no event kinds")
        return ()
    for pair in pairs:
        for kind in pair:
            _check_kind(top, "negative_quantity", kind, feed)
    return pairs


def _check_kind(table: Checked, key: str, kind: str, feed: str) -> None:
    kinds = [one.name for one in FEED_BY_NAME[feed].kinds]
    if kind not in kinds:
        table.fault(key, kind, f"no event kind of {feed}", among=kinds)


class _Refs:
    """How columns may be named: by the header or `names`, or by their numbers."""

    def __init__(self, has_header: bool, names: tuple[str, ...]) -> None:
        self.are_named = has_header or bool(names)
        self._names = names

    def ref(self, table: Checked, key: str, said: Any) -> Ref:
        """The column that a text or number names; noted as a fault where there can be none."""
        if isinstance(said, str) and said.strip():
            if not self.are_named:
                table.fault(key, said, "a table without a header has numbers for columns (from 1), or names by file.names")
            elif self._names and said.strip() not in self._names:
                table.fault(key, said, "no column of file.names", among=list(self._names))
            return said.strip()
        if type(said) is int and said > 0:
            if self._names and said > len(self._names):
                table.fault(key, said, f"file.names has {len(self._names)} columns")
            return said
        table.fault(key, said, "a column is named by its text in the header, or by its number from 1")
        return 1


class _Rules:
    """Reads what the fields are to come from."""

    def __init__(self, feed: str, entity: str | None, refs: _Refs, datetimes: tuple[str, ...], dates: tuple[str, ...]) -> None:
        self._feed, self._entity, self._refs, self._datetimes, self._dates = feed, entity, refs, datetimes, dates
        self._known, self._renames = known_fields(feed, entity)

    def columns(self, table: Checked) -> dict[str, Source]:
        """Sources by field; faults for fields that the feed does not have, has twice, or needs and is not given."""
        found: dict[str, Source] = {}
        owner = self._entity or self._feed
        for name in table.names():
            field = self._renames.get(name, name)
            if field not in self._known:
                table.fault(name, None, f"{owner} has no such field", among=[*self._known, *self._renames])
                table.take(name)
                continue
            if field in found:
                table.fault(name, None, f"{field} is given twice")
            found[field] = self._source(table, name, field)
        missing = [name for name in required_columns(self._feed, self._entity) if name not in found]
        for name in missing:
            table.fault(name, None, f"it is missing, and {owner} needs it; name its column, or say {name} = {{ value = … }}")
        return found

    def _source(self, table: Checked, name: str, field: str) -> Source:
        said = table.take(name)
        if isinstance(said, str | int) and not isinstance(said, bool):
            said = {"column": said}
        if not isinstance(said, dict):
            table.fault(name, said, 'a column, or { column = "…" }, { columns = […] } or { value = "…" }')
            return Source()
        rule = table.of(name, said)
        value, one, several = rule.text("value", None), rule.take("column"), rule.take("columns")
        if value is not None and not _clean(value):
            rule.fault("value", value, "nothing; leave the field out")
        if sum(way is not None for way in (value, one, several)) != 1:
            rule.fault("", None, "it takes one of column, columns and value")
        refs: tuple[Ref, ...] = ()
        if one is not None:
            refs = (self._refs.ref(rule, "column", one),)
        elif several is not None:
            if not isinstance(several, list) or not several:
                rule.fault("columns", several, "a list of columns")
            else:
                refs = tuple(self._refs.ref(rule, "columns", each) for each in several)
        for ref in refs:
            is_bare = self._entity is not None and str(ref).lower() in ("name", "nom")  # of what the entity is
            if isinstance(ref, str) and privacy.is_personal(ref) and field != "customer_key" and not is_bare:
                rule.fault(
                    "column", ref, "its name suggests personal data, which no field keeps; if it is not, give the column by its number"
                )
        meanings = rule.pairs("map") if rule.has("map") else None
        source = Source(
            columns=refs,
            join=rule.text("join", " ") or "",
            value=_clean(value),
            prefixes=rule.texts("strip_prefix", ()),
            suffixes=rule.texts("strip_suffix", ()),
            meanings=None if meanings is None else tuple((_clean(old) or "", _clean(new) or "") for old, new in meanings),
            keeps_others=rule.choice("others", ("refuse", "keep"), "refuse") == "keep",
            default=_clean(rule.text("default", None)),
            formats=self._formats_of(rule, field),
            time=self._clock(rule),
            is_optional=rule.flag("optional", False),
        )
        self._check(rule, field, source)
        rule.nothing_else()
        return source

    def _formats_of(self, rule: Checked, field: str) -> tuple[str, ...]:
        kind = self._known[field]
        if kind not in ("instant", "date"):
            return ()
        if rule.has("format"):
            return _formats(rule, "format")
        if kind == "date":
            return self._dates
        return self._datetimes if field in _TIME_ONLY else tuple(dict.fromkeys((*self._datetimes, *self._dates)))

    def _clock(self, rule: Checked) -> str | None:
        said = rule.text("time", None)
        if said is None:
            return None
        if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", said):
            rule.fault("time", said, "a time of day in the form 12:00")
            return None
        return said if len(said) == 8 else f"{said}:00"

    def _check(self, rule: Checked, field: str, source: Source) -> None:
        """What a source says must be of use for its field."""
        kind = self._known[field]
        if kind not in ("instant", "date"):
            for key in ("format", "time"):
                if rule.has(key) or (key == "time" and source.time):
                    rule.fault(key, None, f"{field} is not a time")
        elif source.time and any(has_clock(one) or one == "iso" for one in source.formats):
            rule.fault("time", source.time, "the format already has a time; use a format with only the day, such as %d/%m/%Y")
        elif (
            field in _TIME_ONLY and not source.time and source.columns and not all(has_clock(one) or one == "iso" for one in source.formats)
        ):
            rule.fault("format", ", ".join(source.formats), 'it has no time of day; add %H:%M, or say time = "12:00"')
        constants = [text for text in (source.value, source.default, *(text for _, text in source.meanings or ())) if text]
        for text in constants:
            if field == "event_kind":
                _check_kind(rule, "", text, self._feed)
            elif field == "currency_code" and text not in CURRENCIES:
                rule.fault("", text, "the currency is not in ISO 4217")
