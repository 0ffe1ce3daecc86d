"""Instants and days from text. ISO 8601 only; a time without an offset stays local, as written.

Both readers come here, so a time means the same whichever way its line was read.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import polars as pl

from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.fixedtimes import fixed_times

# The common form, in which the first 19 characters are the local time and the rest is fraction and offset.
_COMMON: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?$"
_SUFFIX: Final = re.compile(r"(?:[.,]([0-9]{1,9}))?(?:([zZ])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?")
_ANY: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(?::([0-5][0-9]))?((?:[.,][0-9]{1,9})?) ?([zZ]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_MAX_OFFSET: Final = 14 * 60
FIRST_YEAR: Final = 2000
"""Events of earlier years are refused: a clock that was never set, or a number that is no time."""
EARLIEST_YEAR: Final = 1900
"""Reference data may be older than events: an item was launched, a price held."""
LAST_YEAR: Final = 2200
"""Later years are no times, but words for "never", slips of the finger, or numbers that are none."""

_MICROS: Final = 1_000_000
_DAY_MICROS: Final = 86_400 * _MICROS


class Instants(NamedTuple):
    """Parsed times: `local` as written, `offset` minutes from UTC (null where none is named); null `local` where unreadable."""

    local: pl.Series
    offset: pl.Series

    def utc_or_local(self) -> pl.Series:
        """The instant in UTC where the offset is known, else the local time as written."""
        if self.offset.null_count() == len(self.offset):
            return self.local
        if not self.offset.null_count() and (self.offset == self.offset[0]).all():
            return (self.local.to_physical() - int(self.offset[0]) * 60_000_000).cast(pl.Datetime("us"))
        shift = (self.offset.cast(pl.Int64) * 60_000_000).fill_null(0)
        return (self.local.to_physical() - shift).cast(pl.Datetime("us"))


def outside(values: pl.Series, first_year: int, last_year: int = LAST_YEAR) -> pl.Series | None:
    """Where times or dates lie before the first or after the last year; null where none does. Null values lie nowhere.

    Compared as numbers: there are times that no calendar of Python can name.
    """
    low, high = _since_1970(values, first_year), _since_1970(values, last_year + 1)
    numbers = values.to_physical()
    least, most = numbers.min(), numbers.max()
    if least is None or (least >= low and most < high):  # type: ignore[operator]
        return None
    return (numbers < low) | (numbers >= high)


def _since_1970(values: pl.Series, year: int) -> int:
    """The first of January of a year as a column counts: in µs, or of dates in days."""
    days = (date(year, 1, 1) - date(1970, 1, 1)).days
    return days if values.dtype == pl.Date() else days * _DAY_MICROS


def _suffix_parts(suffix: str) -> tuple[int, int | None] | None:
    """Microseconds and offset minutes of what follows the seconds; null when it is out of range. Digits below 1 µs are cut."""
    match = _SUFFIX.fullmatch(suffix)
    if match is None:
        return None
    fraction, zulu, sign, hours, minutes = match.groups()
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    if zulu:
        return micros, 0
    if sign is None:
        return micros, None
    if int(minutes or 0) > 59:
        return None
    offset = int(hours) * 60 + int(minutes or 0)
    if offset > _MAX_OFFSET:
        return None
    return micros, -offset if sign == "-" else offset


def read_instant(text: str, with_time: bool = True) -> tuple[datetime, int | None] | None:
    """Local time as written and offset minutes of one text; null when it is no time. A date alone counts only when `with_time` is false.

    >>> read_instant("2026-03-02 10:05Z")
    (datetime.datetime(2026, 3, 2, 10, 5), 0)
    >>> read_instant("02/03/2026 10:05") is None
    True
    """
    match = _ANY.fullmatch(text)
    if match is None:
        return None
    day, clock, seconds, fraction, offset = match.groups()
    if clock is None and with_time:
        return None
    parts = _suffix_parts((fraction or "") + (offset or ""))
    if parts is None:
        return None
    try:
        local = datetime.fromisoformat(f"{day}T{clock or '00:00'}:{seconds or '00'}")
    except ValueError:
        return None
    return local + timedelta(microseconds=parts[0]), parts[1]


def parse_instants(text: pl.Series, with_time: bool = True) -> Instants:
    """Times of a column of text; null stays null. `with_time=False` also takes dates, as midnight."""
    if with_time and (fixed := _parse_fixed(text)) is not None:
        return fixed
    if with_time and text.str.contains(_COMMON).all():  # null counts as well formed
        common = _parse_common(text)
        if common.local.null_count() == text.null_count():
            return common
    return _parse_each(text, with_time)


def _parse_fixed(text: pl.Series) -> Instants | None:
    """Times of one width and one offset, of whole seconds; null where they are not so, or one is no time."""
    suffix = text[0][19:] if len(text) and text[0] is not None else ""
    parts = _suffix_parts(suffix)
    if parts is None or parts[0] or (local := fixed_times(text, suffix)) is None:
        return None
    return Instants(local, _no_offsets(text) if parts[1] is None else pl.repeat(parts[1], len(text), dtype=pl.Int16(), eager=True))


def _parse_common(text: pl.Series) -> Instants:
    local = text.str.head(19).str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S", strict=False)
    suffix = text.str.slice(19)
    distinct = suffix.unique().drop_nulls()
    parts = [_suffix_parts(part) for part in distinct]
    micros = [None if part is None else part[0] for part in parts]
    offsets = [None if part is None else part[1] for part in parts]
    if not parts:
        return Instants(local, _no_offsets(text))
    if len(parts) == 1:
        if parts[0] is None:
            return Instants(pl.Series(text.name, [None] * len(text), dtype=pl.Datetime("us")), _no_offsets(text))
        offset = _no_offsets(text) if offsets[0] is None else pl.repeat(offsets[0], len(text), dtype=pl.Int16(), eager=True)
        if text.null_count():
            offset = offset.set(text.is_null(), None)
        return Instants(local if not micros[0] else local + timedelta(microseconds=micros[0]), offset)
    shift = suffix.replace_strict(distinct, pl.Series(micros, dtype=pl.Int64()), return_dtype=pl.Int64())
    local = (local.to_physical() + shift).cast(pl.Datetime("us"))
    return Instants(local, suffix.replace_strict(distinct, pl.Series(offsets, dtype=pl.Int16()), return_dtype=pl.Int16()))


def _no_offsets(text: pl.Series) -> pl.Series:
    return pl.repeat(None, len(text), dtype=pl.Int16(), eager=True)


def _parse_each(text: pl.Series, with_time: bool) -> Instants:
    distinct = text.drop_nulls().unique()
    read = {value: read_instant(value.strip(BLANKS), with_time) for value in distinct}
    values = [None if value is None else read[value] for value in text]
    local = pl.Series(text.name, [None if value is None else value[0] for value in values], dtype=pl.Datetime("us"))
    return Instants(local, pl.Series("offset", [None if value is None else value[1] for value in values], dtype=pl.Int16()))


def parse_dates(text: pl.Series) -> pl.Series:
    """Dates of a column of text in the form 2026-03-02; null where it is none."""
    stripped = text.str.strip_chars(BLANKS)
    well_formed = stripped.str.contains(_DATE)
    dates = stripped.str.strptime(pl.Date(), "%Y-%m-%d", strict=False)
    return dates if well_formed.all() else dates.set(~well_formed.fill_null(True), None)
