"""Raw rows of a reference file to typed rows of its entity. Bad rows are set aside, good ones go on."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from pipelines.feeds.declared.reference import POSITIVE_COLUMNS
from pipelines.feeds.reading import gs1, typed
from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.currencies import CURRENCIES
from pipelines.feeds.reading.decimals import rounded
from pipelines.feeds.reading.faults import Faults
from pipelines.feeds.reading.hours import is_opening_hours, is_weekdays
from pipelines.feeds.reading.jsonlines import encode_extra
from pipelines.feeds.reading.rows import EXTRA, LINE, Parsed, RawRows, reject_frame
from pipelines.feeds.reading.times import EARLIEST_YEAR, Instants, outside, parse_dates, parse_instants
from pipelines.feeds.spec import Column, Entity, FieldType

_FINE_AMOUNT: Final = r"^[+-]?[0-9]+(?:\.[0-9]{4}[0-9]*[1-9][0-9]*|(?:\.[0-9]+)?[eE][+-]?[0-9]{1,2})$"
"""A number with more decimals than are stored, or as a spreadsheet writes a very small one (`1.5E-05`)."""
ALL: Final = "*"
"""In the place of a code: of all. Nothing is called so."""
VALIDITY: Final = ("valid_from", "valid_to")
_TYPES: Final[dict[FieldType, pl.DataType]] = {
    "text": pl.String(),
    "decimal": typed.DECIMAL,
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
}


def reference_schema(entity: Entity) -> dict[str, pl.DataType]:
    """Columns of a segment of the entity (each may be left out when it is null throughout)."""
    schema = {column.name: _TYPES[column.type] for column in entity.columns}
    return {**schema, "valid_from": pl.Datetime("us"), "valid_to": pl.Datetime("us"), "extra": pl.String(), "source_line": pl.UInt32()}


def derive_reference(rows: RawRows, entity: Entity) -> Parsed:
    """Judge and type the rows of a block of a reference file."""
    raw = rows.frame
    faults = Faults(raw.height)
    columns: dict[str, pl.Series] = {}
    raw = _with_rounded_amounts(raw, entity)
    for column in entity.columns:
        if column.name in raw.columns:
            columns[column.name] = _typed(raw[column.name], column, rows.is_ascii, faults)
        if column.required:
            values = columns.get(column.name, pl.repeat(None, raw.height, dtype=pl.String(), eager=True))
            faults.add("missing_field", column.name, values.is_null())
    for name in VALIDITY:
        if name in raw.columns:
            columns[name] = _validity(typed.clean_text(raw[name], rows.is_ascii), name, faults)
    _check_money(columns, faults)
    _check_together(entity, columns, faults)
    if EXTRA in raw.columns:
        columns[EXTRA] = raw[EXTRA]
    columns[LINE] = raw[LINE]
    frame = pl.DataFrame({name: values.alias(name) for name, values in columns.items()})
    rejects = list(rows.rejects)
    if faults:
        first = faults.first()
        rejects += faults.rejects(raw, first)
        frame = frame.filter(first.is_null())
    if not frame.height:
        return Parsed(pl.DataFrame(), reject_frame(rejects), rows.unknown_columns, rows.dropped_columns)
    schema = reference_schema(entity)
    present = [name for name in schema if name in frame.columns and frame[name].null_count() < frame.height]
    events = frame.select(pl.col(name).cast(schema[name]) for name in present)
    return Parsed(events, reject_frame(rejects), rows.unknown_columns, rows.dropped_columns)


def _with_rounded_amounts(raw: pl.DataFrame, entity: Entity) -> pl.DataFrame:
    """Amounts with more decimals than are stored (an average cost) rounded to those; `extra` keeps them as written.

    An item must not be lost for the fifth decimal of its cost, and what it is worth does not hang on it. A quantity is never rounded.
    """
    for column in entity.columns:
        if column.type != "decimal" or not column.name.endswith("_amount") or column.name not in raw.columns:
            continue
        written = raw[column.name].str.strip_chars(BLANKS)
        is_fine = written.str.contains(_FINE_AMOUNT).fill_null(False)
        if not is_fine.any():
            continue
        kept = [_with_extra(extra, column.name, text) for extra, text in zip(_extras(raw), written, strict=True)]
        extra = pl.Series(EXTRA, kept, dtype=pl.String()).zip_with(is_fine, pl.Series(EXTRA, _extras(raw), dtype=pl.String()))
        raw = raw.with_columns(rounded(written, typed.DECIMAL.scale).zip_with(is_fine, raw[column.name]).alias(column.name), extra)
    return raw


def _extras(raw: pl.DataFrame) -> list[str | None]:
    return raw[EXTRA].to_list() if EXTRA in raw.columns else [None] * raw.height


def _with_extra(extra: str | None, name: str, text: str | None) -> str:
    said = orjson.loads(extra) if extra else {}
    return encode_extra({**said, name: text or ""})


def _typed(text: pl.Series, column: Column, is_ascii: bool, faults: Faults) -> pl.Series:
    name = column.name
    if column.type == "decimal":
        amount = typed.decimals(text, name, faults)
        faults.add("absurd_amount", name, typed.beyond(amount, column.most))
        return amount.set(amount == 0, None) if column.zero_is_none else amount
    if column.type == "integer":
        number = typed.whole_numbers(text, name, faults)
        if name in POSITIVE_COLUMNS:
            faults.add("quantity_not_positive", name, number < 1)
        else:
            faults.add("quantity_negative", name, number < 0)
        faults.add("out_of_range", name, number > column.most)
        return number.set(number == 0, None) if column.zero_is_none else number
    if column.type == "boolean":
        return typed.booleans(text, name, faults)
    if column.type == "date":
        text = typed.clean_text(text, is_ascii)
        if not column.is_open_ended:
            return typed.dates(text, name, faults, EARLIEST_YEAR)
        read = parse_dates(text)
        faults.add("bad_date", name, read.is_null() & text.is_not_null())
        return _within(read)
    text = typed.clean_text(text, is_ascii)
    faults.add("text_too_long", name, text.str.len_chars() > typed.MAX_TEXT)
    if column.values:
        faults.add("unknown_value", name, ~text.is_in(list(column.values)))
    if column.names_something and not column.takes_all:
        faults.add("unknown_value", name, text == ALL)
    if column.is_gtin:
        read = typed.mapped(text, {code: gs1.gtin14(code) for code in text.drop_nulls().unique()})
        faults.add("bad_gtin", name, text.is_not_null() & read.is_null())
        return read
    if column.is_gln:
        read = typed.mapped(text, {code: gs1.gln13(code) for code in text.drop_nulls().unique()})
        faults.add("bad_gln", name, text.is_not_null() & read.is_null())
        return read
    if column.is_hours:
        wrong = [hours for hours in text.drop_nulls().unique() if not is_opening_hours(hours)]
        faults.add("bad_opening_hours", name, text.is_in(wrong))
    if column.is_weekdays:
        wrong = [days for days in text.drop_nulls().unique() if not is_weekdays(days)]
        faults.add("bad_weekdays", name, text.is_in(wrong))
    if name == "time_zone":
        unknown = [zone for zone in text.drop_nulls().unique() if not is_zone(zone)]
        faults.add("unknown_zone", name, text.is_in(unknown))
    return text


def _validity(text: pl.Series, name: str, faults: Faults) -> pl.Series:
    """UTC of the beginning or the end of a row's validity; null where it is not given, or so far away that it is none."""
    read = parse_instants(text, with_time=False)
    faults.add("bad_time", name, read.local.is_null() & text.is_not_null())
    return _within(Instants(read.local, read.offset.fill_null(0)).utc_or_local())


def _within(values: pl.Series) -> pl.Series:
    """Times or dates of the years that are taken; the others, which stand for "since ever" and "without end", are null."""
    strange = outside(values, EARLIEST_YEAR)
    return values if strange is None else values.set(strange.fill_null(False), None)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether the time zone database has a zone of this name.

    >>> is_zone("Europe/Paris"), is_zone("Europe/Atlantis")
    (True, False)
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _check_money(columns: dict[str, pl.Series], faults: Faults) -> None:
    # That an order costs nothing is so in every currency.
    amounts = [
        values.set(values == 0, None) if name == "order_cost_amount" else values
        for name, values in columns.items()
        if name.endswith("_amount")
    ]
    currency = columns.get("currency_code")
    if currency is not None:
        faults.add("unknown_currency", "currency_code", ~currency.is_in(list(CURRENCIES)))
    for amount in amounts:
        unpriced = amount.is_not_null() & currency.is_null() if currency is not None else amount.is_not_null()
        faults.add("currency_missing", "currency_code", unpriced)


def _check_together(entity: Entity, columns: dict[str, pl.Series], faults: Faults) -> None:
    """What columns say together: a period ends after it begins, an item is not related to itself, a merge has its day."""
    for start, end in (("starts_on", "ends_on"), ("launched_on", "ended_on"), VALIDITY):
        if start in columns and end in columns:
            faults.add("period_reversed", end, columns[end] < columns[start])
    if entity.name == "relations" and {"item_code", "related_item_code", "relation_kind"} <= columns.keys():
        faults.add("related_to_itself", "related_item_code", columns["item_code"] == columns["related_item_code"])
        is_merge = columns["relation_kind"] == "merge"
        faults.add("missing_field", "valid_from", is_merge & columns["valid_from"].is_null() if "valid_from" in columns else is_merge)
