"""Calendars: on which days a place works, as planners write it down in `policy__calendars.csv`.

Belongs here: reading a calendar, and what is wrong with one. Does not belong here: what rests on a closed day.

A line opens or closes a weekday (`mon` … `sun`) or one day (`2026-08-15`); the day beats its weekday, and what no line
names is closed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from pipelines.errors import UserError
from pipelines.policies.files import Fault, Row, declared_columns, read_policy_file
from pipelines.settings import policy_folder

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FILE: Final = "policy__calendars"


@dataclasses.dataclass(frozen=True, slots=True)
class Calendar:
    """The open days of one calendar.

    >>> calendar = Calendar("site", {"fri": True}, {date(2026, 8, 14): (False, "summer break")})
    >>> calendar.is_open(date(2026, 8, 7)), calendar.is_open(date(2026, 8, 14)), calendar.is_open(date(2026, 8, 8))
    (True, False, False)
    """

    calendar_code: str
    weekdays: Mapping[str, bool]
    days: Mapping[date, tuple[bool, str]]

    def is_open(self, day: date) -> bool:
        """Whether the place works on a day."""
        return self.days[day][0] if day in self.days else self.weekdays.get(WEEKDAYS[day.weekday()], False)

    def closed_because(self, day: date) -> str | None:
        """Why nobody works on a day; null on working days."""
        if self.is_open(day):
            return None
        return (self.days[day][1] if day in self.days else "") or f"{day:%A}"


def read_calendar(calendar_code: str, *, project: Path, folder: Path | None = None) -> Calendar:
    """The calendar of a code. Raises UserError where there is none, or where the file cannot be used."""
    place = folder or policy_folder(project)
    file = read_policy_file(place / f"{FILE}.csv", declared_columns(project)[FILE])
    faults = [*file.faults, *calendar_faults({FILE: file.rows})]
    rows = [row for row in file.rows if row.cells["calendar_code"] == calendar_code]
    if faults or not rows:
        where = "\n         ".join(map(str, faults)) or str(place / file.name)
        raise UserError(
            f"the calendar {calendar_code} cannot be used", where=where, next_step="correct the lines, or add its days", exit_code=1
        )
    weekdays = {row.cells["open_day"]: _is_open(row) for row in rows if row.cells["open_day"] in WEEKDAYS}
    days = {
        date.fromisoformat(row.cells["open_day"]): (_is_open(row), row.cells["reason"])
        for row in rows
        if row.cells["open_day"] not in WEEKDAYS
    }
    return Calendar(calendar_code, weekdays, days)


def calendar_faults(rows: Mapping[str, tuple[Row, ...]]) -> Iterator[Fault]:
    """Lines that name no day or the same twice, and calendars without an open day."""
    last: dict[str, Row] = {}
    open_calendars: set[str] = set()
    seen: dict[tuple[str, str], Row] = {}
    for row in rows.get(FILE, ()):
        code, day = row.cells["calendar_code"], row.cells["open_day"]
        last[code] = row
        if not code:
            yield row.fault("calendar_code is empty", "name the calendar")
        if not _is_day(day):
            yield row.fault(f"open_day is not a day: {day!r}", f"write one of {' '.join(WEEKDAYS)}, or a day such as 2026-08-15")
        elif not row.cells["is_open"]:
            yield row.fault("is_open is empty", "write true or false")
        elif (first := seen.setdefault((code, day), row)) is not row:
            yield row.fault(f"the calendar {code} already has {day} in line {first.line}", "remove one of them")
        elif _is_open(row):
            open_calendars.add(code)
    for code, row in last.items():
        if code and code not in open_calendars:
            yield row.fault(
                f"the calendar {code} has no open day",
                "open at least one weekday (is_open true), or remove the calendar",
            )


def _is_day(text: str) -> bool:
    try:
        return text in WEEKDAYS or bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_open(row: Row) -> bool:
    return row.cells["is_open"].lower() == "true"
