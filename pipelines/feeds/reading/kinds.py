"""What each event kind of a feed needs: its fields, one of several, its values beyond the event's columns.

Belongs here: whether a row's kind exists and has what its declaration asks for. Does not belong here: the types of the
event's columns (`derive`), or how a line is read.
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.feeds.reading import typed
from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.faults import Faults
from pipelines.feeds.reading.times import Instants, parse_instants
from pipelines.feeds.spec import Extra, Feed, Kind


def check_kinds(columns: dict[str, pl.Series], extra: pl.Series | None, feed: Feed, height: int, faults: Faults) -> None:
    """Event kinds are known, each has its required fields, and defaults of the kind are filled in, in place.

    `columns` are the listed fields as text, `extra` the JSON of the others (null where no line has any).
    """
    nothing = pl.repeat(None, height, dtype=pl.String(), eager=True)
    kinds = columns.setdefault("event_kind", nothing)
    if kinds.null_count():
        faults.add("missing_field", "event_kind", kinds.is_null())
    names = [kind.name for kind in feed.kinds]
    distinct = set(kinds.unique())
    present = [kind for kind in feed.kinds if kind.name in distinct]
    if distinct - {*names, None}:
        faults.add("unknown_kind", "event_kind", ~kinds.is_in(names))
    for kind in present:
        for name, value in kind.defaults:
            where = kinds == kind.name
            text = columns.get(name, nothing)
            columns[name] = text.set(where & text.is_null(), value)
    needed: dict[str, list[str]] = {}
    for kind in present:
        for field in feed.required_of(kind):
            needed.setdefault(field, []).append(kind.name)
    for field, of_kinds in needed.items():
        values = columns.get(field, nothing)
        if values.null_count():
            faults.add("missing_field", field, values.is_null() & kinds.is_in(of_kinds))
    for kind in present:
        if kind.any_of:
            absent = (kinds == kind.name) & pl.select(
                pl.all_horizontal(columns.get(name, nothing).is_null() for name in kind.any_of)
            ).to_series()
            faults.add("missing_field", " or ".join(kind.any_of), absent)
        for need in kind.needs:
            is_named = columns.get(need.other, nothing).is_in(list(need.values)).fill_null(False)
            is_needed = (kinds == kind.name) & (~is_named if need.unless else is_named)
            faults.add("missing_field", need.field, is_needed & columns.get(need.field, nothing).is_null())
        if kind.extra:
            _check_extra(kind, kinds == kind.name, nothing if extra is None else extra, columns.get("occurred_at", nothing), faults)


def _check_extra(kind: Kind, is_kind: pl.Series, extra: pl.Series, occurred_at: pl.Series, faults: Faults) -> None:
    """The kind's values beyond the event's columns, of the rows where `is_kind` is true."""
    mine = extra.set(~is_kind.fill_null(False), None)
    # most kinds have no instant to hold against the event's own, and need not have that read here
    has_instants = any(field.type == "instant" for field in kind.extra)
    occurred = parse_instants(occurred_at if has_instants else occurred_at.clear(len(occurred_at)))
    read = {field.name: _extra_values(field, is_kind, mine, occurred, faults) for field in kind.extra}
    read["occurred_at"] = occurred.utc_or_local()
    for field in kind.extra:
        if field.not_below is not None:
            faults.add("below_other_field", field.name, read[field.name] < read[field.not_below])


def _extra_values(field: Extra, is_kind: pl.Series, extra: pl.Series, occurred: Instants, faults: Faults) -> pl.Series:
    nested = extra.str.contains(rf'[{{,]"{re.escape(field.name)}":[{{\[]').fill_null(False)
    faults.add("nested_value", field.name, nested)
    text = extra.str.json_path_match(f"$.{field.name}").set(nested, None).str.strip_chars(BLANKS)
    text = text.set(text == "", None)
    if field.required:
        faults.add("missing_field", field.name, is_kind & text.is_null() & ~nested)
    if field.values:
        faults.add("unknown_value", field.name, ~text.is_in(list(field.values)))
    if field.type == "text":
        faults.add("text_too_long", field.name, text.str.len_chars() > typed.MAX_TEXT)
        return text
    if field.type == "date":
        return typed.dates(text, field.name, faults)
    if field.type == "instant":
        instants = typed.instants(text, field.name, faults)
        offset = instants.offset.zip_with(instants.offset.is_not_null(), occurred.offset)
        return Instants(instants.local, offset).utc_or_local()
    values = (typed.whole_numbers if field.type == "integer" else typed.decimals)(text, field.name, faults)
    if field.low is not None:
        faults.add("out_of_range", field.name, values < field.low)
    if field.high is not None:
        faults.add("out_of_range", field.name, values > field.high)
    return values
