"""Columns of a mapped table to the fields of its feed: still text, in the form that canonical lines have."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipelines.feeds.mapping.dates import to_iso
from pipelines.feeds.mapping.fields import Fields, Table
from pipelines.feeds.mapping.lines import numbered
from pipelines.feeds.mapping.numbers import to_plain
from pipelines.feeds.mapping.spec import Mapping, Source
from pipelines.feeds.reading import privacy
from pipelines.feeds.reading.csvlines import extra_of
from pipelines.feeds.reading.decimals import rounded
from pipelines.feeds.reading.faults import Faults
from pipelines.feeds.reading.jsonlines import encode_extra
from pipelines.feeds.reading.rows import EXTRA, LINE, RawRows, Reject
from pipelines.feeds.reading.typed import clean_text
from pipelines.feeds.spec import FieldType

_NUMBERS: Final = frozenset({"decimal", "integer"})


def translate(fields: Fields, table: Table, known: dict[str, FieldType], folder: str | None = None) -> RawRows:
    """Raw rows of the feed, as its other readers give them; a value that the mapping cannot read sets its row aside.

    `folder` is the name of the folder under the feed's that the file lies in, null where it lies in none.
    """
    mapping, height = table.mapping, fields.frame.height
    faults = Faults(height)
    found: dict[str, pl.Series] = {}
    for field, source in mapping.columns:
        if not source.number_within:
            found[field] = _Field(field, known[field], source, table, folder).read(fields, faults)
    for field, source in mapping.columns:
        if source.number_within:
            found[field] = numbered(found, source.number_within, mapping.feed, field, fields.documents)
    _turn_negative(found, mapping)
    frame = pl.DataFrame([text.alias(field) for field, text in found.items()])
    present, extra = _extra(fields, table)
    frame = frame.with_columns(fields.frame[LINE], *([extra] if extra is not None else []))
    rejects = list(fields.rejects)
    if faults:
        first = faults.first()
        rejects += _rejects(fields, table, faults, first)
        frame = frame.filter(first.is_null())
    return RawRows(frame, rejects, present, table.dropped, is_ascii=False, may_have_blanks=False, is_clean=True)


def _clean(text: pl.Series, is_ascii: bool) -> pl.Series:
    """As `clean_text`; composing characters costs more than all else, so it is left out where a column has none to compose."""
    return clean_text(text, is_ascii or text.str.len_bytes().sum() == text.str.len_chars().sum())


class _Field:
    """One field of the feed and where it comes from."""

    def __init__(self, field: str, kind: FieldType, source: Source, table: Table, folder: str | None) -> None:
        self._field, self._kind, self._source, self._table, self._folder = field, kind, source, table, folder

    def read(self, fields: Fields, faults: Faults) -> pl.Series:
        """Its text, row by row, without blanks around it; null where there is none."""
        source, height = self._source, fields.frame.height
        said = source.value if source.folder is None else self._folder or source.folder
        if said is not None:
            return pl.repeat(said, height, dtype=pl.String(), eager=True)
        if source.first_of:
            return self._first(fields, faults)
        written = self._written(fields)
        if written is None:
            return pl.repeat(source.default, height, dtype=pl.String(), eager=True)
        text = written
        if source.empties:
            text = text.set(text.is_in(list(source.empties)).fill_null(False), None)
        if source.extract is not None:
            found = text.str.extract(source.extract, 1)
            faults.add("unknown_value", self._field, text.is_not_null() & found.is_null())
            text = found
        for prefix in source.prefixes:
            text = text.str.strip_prefix(prefix)
        for suffix in source.suffixes:
            text = text.str.strip_suffix(suffix)
        if source.prefixes or source.suffixes:
            text = _clean(text, fields.is_ascii)
        if source.meanings is not None:
            text = self._meaning(text, faults)
        if source.any_value is not None:
            text = text.set(text.is_not_null(), source.any_value)
        if source.add_prefix:
            text = source.add_prefix + text
        if self._kind in _NUMBERS:
            text, bad = to_plain(text, self._table.mapping.decimal, self._table.mapping.thousands, source.decimals is not None)
            faults.add("bad_number", self._field, bad)
            text = text if source.decimals is None else rounded(text, source.decimals)
        elif self._kind in ("instant", "date"):
            text, bad = to_iso(text, source.formats, source.time, self._table.mapping.time_zone, self._kind == "date")
            faults.add("bad_date" if self._kind == "date" else "bad_time", self._field, bad)
        return text if source.default is None else text.fill_null(source.default)

    def _first(self, fields: Fields, faults: Faults) -> pl.Series:
        """Of several sources the first that gives anything; what is wrong with one counts only where it was needed."""
        text = pl.repeat(None, fields.frame.height, dtype=pl.String(), eager=True)
        for one in self._source.first_of:
            own = Faults(fields.frame.height)
            other = _Field(self._field, self._kind, one, self._table, self._folder).read(fields, own)
            faults.take(own, text.is_null())
            text = text.zip_with(text.is_not_null(), other)
        return text if self._source.default is None else text.fill_null(self._source.default)

    def _written(self, fields: Fields) -> pl.Series | None:
        """The text as it stands in the table; null where the file lacks a column."""
        names = [self._table.name_of(ref) for ref in self._source.columns]
        columns = [_clean(fields.frame[name], fields.is_ascii) for name in names if name is not None]
        if len(columns) < len(names):
            return None
        if len(columns) == 1:
            return columns[0]
        parts = [text.alias(str(number)) for number, text in enumerate(columns)]
        return pl.select(pl.concat_str(parts, separator=self._source.join)).to_series()

    def _meaning(self, text: pl.Series, faults: Faults) -> pl.Series:
        pairs = dict(self._source.meanings or ())
        old, new = list(pairs), [meaning or None for meaning in pairs.values()]
        if self._source.keeps_others:
            return text.replace(old, pl.Series(new, dtype=pl.String()))
        faults.add("unknown_kind" if self._field == "event_kind" else "unknown_value", self._field, text.is_not_null() & ~text.is_in(old))
        return text.replace_strict(old, pl.Series(new, dtype=pl.String()), default=None, return_dtype=pl.String())


def _turn_negative(found: dict[str, pl.Series], mapping: Mapping) -> None:
    """Rows whose quantity is negative and whose kind the mapping turns: another kind, and no sign."""
    kinds, quantity = found.get("event_kind"), found.get("quantity")
    if not mapping.negative or kinds is None or quantity is None:
        return
    turned = dict(mapping.negative)
    where = quantity.str.starts_with("-") & kinds.is_in(list(turned))
    if where.any():
        found["event_kind"] = kinds.replace(list(turned), list(turned.values())).zip_with(where.fill_null(False), kinds)
        found["quantity"] = quantity.str.strip_prefix("-").zip_with(where.fill_null(False), quantity)


def _extra(fields: Fields, table: Table) -> tuple[list[str], pl.Expr | pl.Series | None]:
    frame = fields.frame
    if fields.is_plain:
        present, expression = extra_of(frame, table.unknown)
        return present, None if expression is None else frame.select(expression).to_series()
    present = [name for name in table.unknown if frame[name].null_count() < frame.height]
    if not present:
        return [], None
    texts = [
        encode_extra({name: privacy.mask(text) for name, text in row.items() if text}) if any(row.values()) else None
        for row in pl.DataFrame([frame[name] for name in present]).iter_rows(named=True)  # by position: "*" selects everything
    ]
    return present, pl.Series(EXTRA, texts, dtype=pl.String())


def _rejects(fields: Fields, table: Table, faults: Faults, first: pl.Series) -> list[Reject]:
    """The rows that the mapping cannot read, as they stand in the table, less what is personal."""
    sources = dict(table.mapping.columns)
    rows = fields.frame.with_columns(first.alias("~fault")).filter(pl.col("~fault").is_not_null())
    rejects = []
    for row in rows.iter_rows(named=True):
        code, field = faults.told(row["~fault"])
        names = [name for ref in sources[field].all_columns() if (name := table.name_of(ref))]
        value = sources[field].join.join(row[name] or "" for name in names)
        said = {
            name: privacy.mask(row[name]) for name in table.names if row[name] and name not in table.dropped and name not in table.customers
        }
        shown = value if len(value) <= 60 else value[:57] + "…"
        about = f"{field} {privacy.mask(shown)!r}" if field != "customer_key" else field
        reason = f"{about}: {_sentence(code, sources[field], table.mapping)}"
        rejects.append(Reject(row[LINE], code, reason, encode_extra(said)[: privacy.MAX_PAYLOAD]))
    return rejects


def _sentence(code: str, source: Source, mapping: Mapping) -> str:
    if code == "bad_number":
        marks = " ".join(map(repr, mapping.thousands)) or "nothing"
        return f"not a number as the mapping states them (decimals behind {mapping.decimal!r}, thousands parted by {marks})"
    if code in ("bad_time", "bad_date"):
        return f"not in the form that the mapping states: {' or '.join(source.formats)}"
    return "the mapping gives this value no meaning"
