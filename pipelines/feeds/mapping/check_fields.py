"""Where the fields of a mapping come from: each source as written to what it means, and every fault in it by its key."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Any, Final, Protocol

import polars as pl

from pipelines.feeds.mapping.dates import EXCEL, ISO, format_fault, has_clock
from pipelines.feeds.mapping.lines import NUMBERED
from pipelines.feeds.mapping.paths import is_path, lists_of
from pipelines.feeds.mapping.spec import Ref, Source
from pipelines.feeds.mapping.table import Checked
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.currencies import CURRENCIES
from pipelines.feeds.registry import FEED_BY_NAME, REFERENCE, known_fields, required_columns

MOST_DECIMALS: Final = 4
"""Of a quantity or an amount as it is stored."""
_TIME_ONLY: Final = frozenset({"occurred_at"})
"""Instants that a day alone does not give."""
_NUMBERS: Final = ("decimal", "integer")
_WAYS: Final = ("column", "columns", "value", "first_of", "folder", "number_within")
"""The ways in which a field may come to its value, of which it takes one."""


def _clean(text: str | None) -> str | None:
    """A constant as text of the table is when it is compared with: composed, without blanks around it; null where nothing is left."""
    return None if text is None else unicodedata.normalize("NFC", text).strip(BLANKS) or None


def formats_of(values: Checked, name: str) -> tuple[str, ...]:
    """The formats of times or days under a key; `iso` where nothing is said."""
    formats = values.texts(name, ("iso",))
    for one in formats:
        fault = format_fault(one)
        if fault:
            values.fault(name, one, fault)
    return formats


def decimals_of(table: Checked) -> int | None:
    """The decimals that numbers are rounded to, null where nothing is said."""
    said = table.take("round")
    if said is None or (type(said) is int and 0 <= said <= MOST_DECIMALS):
        return said
    table.fault("round", said, f"a number of decimals, 0 to {MOST_DECIMALS}")
    return None


def check_kind(table: Checked, key: str, kind: str, feed: str) -> None:
    """Note a fault where the feed has no such event kind."""
    kinds = [one.name for one in FEED_BY_NAME[feed].kinds]
    if kind not in kinds:
        table.fault(key, kind, f"no event kind of {feed}", among=kinds)


def negative_of(top: Checked, feed: str) -> tuple[tuple[str, str], ...]:
    """Pairs of event kinds: what a row of the first is when its quantity is negative."""
    pairs = top.pairs("negative_quantity")
    if pairs and feed == REFERENCE:
        top.fault("negative_quantity", dict(pairs), "rows of reference have no event kinds")
        return ()
    for pair in pairs:
        for kind in pair:
            check_kind(top, "negative_quantity", kind, feed)
    return pairs


@dataclasses.dataclass(frozen=True, slots=True)
class Defaults:
    """What the mapping says for all fields: formats of times and of days, and the decimals that numbers are rounded to."""

    datetimes: tuple[str, ...]
    dates: tuple[str, ...]
    decimals: int | None


class Naming(Protocol):
    """How columns may be named."""

    def ref(self, table: Checked, key: str, said: Any) -> Ref:
        """The column that a text or number names; noted as a fault where there can be none."""


class Paths:
    """How values of a JSON document are named: by paths, through no other lists than the rows do."""

    def __init__(self, rows: str) -> None:
        self._lists = lists_of(rows)

    def ref(self, table: Checked, key: str, said: Any) -> Ref:
        """The path as a text; noted as a fault where it is none, or leads through a list that has more than one value."""
        if not isinstance(said, str) or not is_path(said.strip()) or said.strip().endswith("[]"):
            table.fault(key, said, "a value in a document is named by its path, such as billing.country or line_items[].sku")
            return "~"
        strange = [one for one in lists_of(said.strip()) if one not in self._lists]
        if strange:
            rows = self._lists[-1] if self._lists else "the documents themselves"
            table.fault(key, said, f"it goes through {strange[0]}, but the rows are {rows}; make {strange[0]} the rows")
        return said.strip()


def _is_personal(ref: str) -> bool:
    """Whether the name of a column, or a step of a path, suggests personal data; a bare `name` is that of what stands above it.

    >>> [ref for ref in ("Nom du client", "name", "customer.name", "category.name", "lines[].name") if _is_personal(ref)]
    ['Nom du client', 'name', 'customer.name']
    """
    steps = [step.partition("[")[0] for step in ref.split(".")]
    whose = [
        f"{above}_{step}" if above and step.lower() in ("name", "nom") else step for above, step in zip(["", *steps], steps, strict=False)
    ]
    return any(map(privacy.is_personal, whose))


class Refs:
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


class Rules:
    """Reads what the fields are to come from."""

    def __init__(self, feed: str, entity: str | None, refs: Naming, defaults: Defaults) -> None:
        self._feed, self._entity, self._refs, self._defaults = feed, entity, refs, defaults
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
            found[field] = self._source(table, name, field, table.take(name))
        missing = [name for name in required_columns(self._feed, self._entity) if name not in found]
        for name in missing:
            table.fault(name, None, f"it is missing, and {owner} needs it; name its column, or say {name} = {{ value = … }}")
        for name, source in found.items():
            strange = [one for one in source.number_within if one not in found or found[one].number_within]
            if strange:
                table.fault(f"{name}.number_within", strange[0], "a field that has a column of its own", among=list(found))
        return found

    def _source(self, table: Checked, name: str, field: str, said: Any) -> Source:
        if isinstance(said, str | int) and not isinstance(said, bool):
            said = {"column": said}
        if not isinstance(said, dict):
            table.fault(name, said, 'a column, or { column = "…" }, { columns = […] } or { value = "…" }')
            return Source()
        rule = table.of(name, said)
        if sum(rule.has(way) for way in _WAYS) != 1:
            rule.fault("", None, f"it takes one of {', '.join(_WAYS[:-1])} and {_WAYS[-1]}")
        meanings = rule.pairs("map") if rule.has("map") else None
        source = Source(
            columns=self._columns_of(rule, field),
            join=rule.text("join", " ") or "",
            value=self._constant(rule, "value"),
            prefixes=rule.texts("strip_prefix", ()),
            suffixes=rule.texts("strip_suffix", ()),
            meanings=None if meanings is None else tuple((_clean(old) or "", _clean(new) or "") for old, new in meanings),
            keeps_others=rule.choice("others", ("refuse", "keep"), "refuse") == "keep",
            default=_clean(rule.text("default", None)),
            formats=self._formats_of(rule, field),
            time=self._clock(rule),
            is_optional=rule.flag("optional", False),
            decimals=self._decimals_of(rule, field),
            empties=rule.texts("empty", ()),
            any_value=self._constant(rule, "any"),
            add_prefix=rule.text("add_prefix", "") or "",
            extract=self._pattern(rule),
            first_of=self._alternatives(rule, field),
            folder=self._constant(rule, "folder"),
            number_within=self._within(rule, field),
        )
        self._check(rule, field, source)
        rule.nothing_else()
        return source

    def _constant(self, rule: Checked, key: str) -> str | None:
        said = rule.text(key, None)
        if said is not None and not _clean(said):
            rule.fault(key, said, "nothing; leave the field out")
        return _clean(said)

    def _columns_of(self, rule: Checked, field: str) -> tuple[Ref, ...]:
        one, several = rule.take("column"), rule.take("columns")
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
            if isinstance(ref, str) and field != "customer_key" and not is_bare and _is_personal(ref):
                rule.fault(
                    "column", ref, "its name suggests personal data, which no field keeps; if it is not, give the column by its number"
                )
        return refs

    def _alternatives(self, rule: Checked, field: str) -> tuple[Source, ...]:
        said = rule.take("first_of")
        if said is None:
            return ()
        if not isinstance(said, list) or len(said) < 2:
            rule.fault("first_of", said, "a list of two or more columns, of which the first with a value counts")
            return ()
        return tuple(self._source(rule, f"first_of[{place}]", field, one) for place, one in enumerate(said))

    def _pattern(self, rule: Checked) -> str | None:
        said = rule.text("extract", None)
        try:
            if said is None or len(pl.Series([""]).str.extract_groups(said).struct.fields) == 1:
                return said
            rule.fault("extract", said, "a regular expression with one group, which is what is kept: orders/([0-9]+)")
        except pl.exceptions.PolarsError as error:
            rule.fault("extract", said, f"no regular expression: {str(error).splitlines()[0]}")
        return None

    def _within(self, rule: Checked, field: str) -> tuple[str, ...]:
        within = rule.texts("number_within", ())
        if within and field not in NUMBERED:
            rule.fault("number_within", within, f"only {' and '.join(NUMBERED)} can be numbers of lines")
            return ()
        return within

    def _decimals_of(self, rule: Checked, field: str) -> int | None:
        if self._known[field] in _NUMBERS:
            return decimals_of(rule) if rule.has("round") else self._defaults.decimals
        if rule.has("round"):
            rule.fault("round", rule.take("round"), f"{field} is not a number")
        return None

    def _formats_of(self, rule: Checked, field: str) -> tuple[str, ...]:
        kind = self._known[field]
        if kind not in ("instant", "date"):
            return ()
        if rule.has("format"):
            return formats_of(rule, "format")
        if kind == "date":
            return self._defaults.dates
        both = (*self._defaults.datetimes, *self._defaults.dates)
        return self._defaults.datetimes if field in _TIME_ONLY else tuple(dict.fromkeys(both))

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
        elif source.time and any(has_clock(one) or one == ISO for one in source.formats):
            rule.fault("time", source.time, "the format already has a time; use a format with only the day, such as %d/%m/%Y")
        elif (
            field in _TIME_ONLY
            and not source.time
            and source.columns
            and not all(has_clock(one) or one in (ISO, EXCEL) for one in source.formats)
        ):
            rule.fault("format", ", ".join(source.formats), 'it has no time of day; add %H:%M, or say time = "12:00"')
        constants = (source.value, source.default, source.any_value, *(text for _, text in source.meanings or ()))
        for text in filter(None, constants):
            if field == "event_kind":
                check_kind(rule, "", text, self._feed)
            elif field == "currency_code" and text not in CURRENCIES:
                rule.fault("", text, "the currency is not in ISO 4217")
