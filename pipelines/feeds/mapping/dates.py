"""Times and days as a table writes them, to ISO 8601: by formats that are stated, never by guessing.

Several formats may be stated; a text that two of them read as different times is read by none.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

import polars as pl

from pipelines.feeds.reading.times import parse_instants

ISO: Final = "iso"
EXCEL: Final = "excel"
"""The format of a day as spreadsheets count it: 43960, with the time as its fraction (43960.75 is six in the evening)."""
UNIX: Final = ("unix", "unix_ms")
"""Formats of instants that are counted from 1970 in UTC, in seconds (1772445600) or thousandths of them."""
_COUNTED: Final = {"unix": r"^([0-9]{9,10})(?:\.[0-9]+)?$", "unix_ms": r"^([0-9]{12,13})$"}
_SERIAL: Final = r"^([1-9][0-9]{0,6})(?:[.,]([0-9]+))?$"
_FIRST_DAY: Final = date(1899, 12, 30)
_LAST_SERIAL: Final = 2_958_465
"""31 December 9999."""
_NO_DAY: Final = 60
"""29 February 1900, which the spreadsheet has and the calendar has not; the days before it count one less."""
_DIRECTIVE: Final = re.compile(r"%(.?)")
_ALLOWED: Final = frozenset("dmYyHMSIpbBf%")
_HOUR: Final = timedelta(hours=1)


def format_fault(text: str) -> str | None:
    """What is wrong with a format; null where nothing is.

    >>> format_fault("%d/%m/%Y %H:%M"), format_fault("%d/%m"), format_fault("dd/mm/yyyy")
    (None, 'a day needs %d, %m (or %b) and %Y (or %y)', 'a day needs %d, %m (or %b) and %Y (or %y)')
    """
    if text in (ISO, EXCEL, *UNIX):
        return None
    found = _DIRECTIVE.findall(text)
    odd = [one for one in found if one not in _ALLOWED]
    if odd:
        return f"%{odd[0]} is not read here; there are %d %m %b %Y %y %H %M %S %f %I %p, or iso, excel, unix, unix_ms"
    if len(set(found) - {"%"}) < len([one for one in found if one != "%"]):
        return "it names a part twice"
    if "d" not in found or not {"m", "b", "B"} & set(found) or not {"Y", "y"} & set(found):
        return "a day needs %d, %m (or %b) and %Y (or %y)"
    if "f" in found and "%S.%f" not in text:
        return "%f must follow %S and a point: %S.%f"
    if (has_clock(text) and "M" not in found) or ("I" in found) != ("p" in found) or {"H", "I"} <= set(found):
        return "a time needs %H:%M, or %I:%M %p"
    if {"M", "S"} & set(found) and not has_clock(text):
        return "minutes need an hour: %H:%M"
    return None


def has_clock(text: str) -> bool:
    """Whether a format has a time of day; that of a spreadsheet's days may have one."""
    return "%H" in text or "%I" in text or text in UNIX


def to_iso(text: pl.Series, formats: tuple[str, ...], clock: str | None, zone: str | None, is_day: bool) -> tuple[pl.Series, pl.Series]:
    """Texts (without blanks around them) in ISO 8601, and where they could not be read.

    `clock` is added where only a day is written; times get the offset of `zone`; with `is_day` only the day comes out.
    """
    if formats == (ISO,):
        return _read_iso(text, zone, is_day), pl.repeat(False, len(text), dtype=pl.Boolean(), eager=True)
    result = pl.repeat(None, len(text), dtype=pl.String(), eager=True)
    differs = pl.repeat(False, len(text), dtype=pl.Boolean(), eager=True)
    for one in formats:
        if one == ISO:
            looks_iso = text.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}").fill_null(False)
            read = _read_iso(text.set(~looks_iso, None), zone, is_day)
        elif one == EXCEL:
            read = _read_serial(text, clock, zone, is_day)
        elif one in UNIX:
            read = _read_counted(text, one, zone, is_day)
        else:
            read = _read(text, one, clock, zone, is_day)
        differs |= (result != read).fill_null(False)
        result = read if result.null_count() == len(result) else result.zip_with(result.is_not_null(), read)
    return result.set(differs, None), differs | (result.is_null() & text.is_not_null())


def _read_iso(text: pl.Series, zone: str | None, is_day: bool) -> pl.Series:
    """ISO 8601 is left to the feed to read; times without an offset get that of the zone."""
    if zone is None or is_day:
        return text
    local, offset = parse_instants(text)
    is_bare = local.is_not_null() & offset.is_null()
    return (text + offsets(local, zone)).zip_with(is_bare, text) if is_bare.any() else text


def _read(text: pl.Series, written: str, clock: str | None, zone: str | None, is_day: bool) -> pl.Series:
    polars_format = written.replace(".%f", "%.f")
    if not has_clock(written):
        day = text.str.strptime(pl.Date(), polars_format, strict=False).dt.strftime("%Y-%m-%d")
        if clock is None or is_day:
            return day
        at = (day + f"T{clock}").str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S", strict=False)
    else:
        at = text.str.strptime(pl.Datetime("us"), polars_format, strict=False)
    if is_day:
        return at.dt.strftime("%Y-%m-%d")
    shown = at.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" if "%f" in written else "%Y-%m-%dT%H:%M:%S")
    return shown if zone is None else shown + offsets(at, zone)


def _read_serial(text: pl.Series, clock: str | None, zone: str | None, is_day: bool) -> pl.Series:
    """Days counted from the year 1900, to the second; `clock` is the time of those that have no fraction (else midnight)."""
    parts = text.str.extract_groups(_SERIAL).struct
    number = parts.field("1").cast(pl.Int64)
    fraction = ("0." + parts.field("2").fill_null("0")).cast(pl.Float64)
    is_one = number.is_between(1, _LAST_SERIAL) & (number != _NO_DAY)
    days = number + (number < _NO_DAY) + (_FIRST_DAY - date(1970, 1, 1)).days
    seconds = days.set(~is_one, None) * 86_400 + (fraction * 86_400).round(0).cast(pl.Int64)
    read: pl.Series = (seconds * 1_000_000).cast(pl.Datetime("us"))
    if is_day:
        return read.dt.strftime("%Y-%m-%d")
    shown = read.dt.strftime("%Y-%m-%dT%H:%M:%S")
    if clock is not None:
        shown = (read.dt.strftime("%Y-%m-%dT") + clock).zip_with(parts.field("2").is_null(), shown)
        read = shown.str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S", strict=False)
    return shown if zone is None else shown + offsets(read, zone)


def _read_counted(text: pl.Series, written: str, zone: str | None, is_day: bool) -> pl.Series:
    """Instants counted from 1970, in UTC; their day is that in the zone, if one is said."""
    number = text.str.extract(_COUNTED[written], 1).cast(pl.Int64)
    at: pl.Series = (number * (1_000 if written == "unix_ms" else 1_000_000)).cast(pl.Datetime("us", "UTC"))
    if is_day:
        return at.dt.convert_time_zone(zone or "UTC").dt.strftime("%Y-%m-%d")
    return at.dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")


def offsets(at: pl.Series, zone: str) -> pl.Series:
    """Offsets of local times in a zone: of an hour that comes twice the first, of one that never comes that before it.

    >>> offsets(pl.Series(["2026-03-29T02:30", "2026-10-25T02:30"]).str.to_datetime(), "Europe/Paris").to_list()
    ['+01:00', '+02:00']
    """
    aware = at.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    shown = aware.dt.strftime("%:z")
    missing = shown.is_null() & at.is_not_null()
    if missing.any():
        before = (at - _HOUR).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.strftime("%:z")
        shown = before.zip_with(missing, shown)
    return shown
