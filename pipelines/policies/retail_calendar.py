"""The French retail year: soldes, public holidays, Black Friday. What `calendar__retail_periods.csv` is made of.

Belongs here: rules by which a year's periods follow, and the exceptions that were decreed. Does not belong here: school
holidays, which follow no rule (`calendar__school_holidays.csv`), or a shop's own days (the feed's `calendars`).

    python -m pipelines.policies.retail_calendar 2010 2035 > dbt_project/seeds/calendar__retail_periods.csv
"""

from __future__ import annotations

import csv
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, TextIO

from pipelines.policies.files import Fault, Row

CALENDAR: Final = "fr"
FIRST_YEAR_OF_SOLDES: Final = 2020
"""Before, soldes lasted five or six weeks: what the rule of today would say of those years was never true."""

SOLDES_DAYS: Final = 28
_WEDNESDAY: Final = 2
_THURSDAY: Final = 3

# Moved or prolonged by decree, in the years of the pandemic.
_DECREED: Final[Mapping[tuple[int, str], tuple[date, date]]] = {
    (2020, "summer"): (date(2020, 7, 15), date(2020, 8, 11)),
    (2021, "winter"): (date(2021, 1, 20), date(2021, 3, 2)),
    (2021, "summer"): (date(2021, 6, 30), date(2021, 7, 27)),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """Days from `starts_on` to `ends_on`, both within it."""

    day_kind: str
    starts_on: date
    ends_on: date
    period_name: str


def soldes(year: int) -> tuple[Period, Period]:
    """The winter and the summer soldes of a year, four weeks each; ValueError before 2020.

    Winter: from the second Wednesday of January, from the first where the second comes after the 12th. Summer: from the
    last Wednesday of June, from the one before where the last comes after the 28th. Both begin at 8 o'clock. These are
    the national dates, which online shops everywhere follow; departments at the borders (54, 55, 57, 88 in winter; 06,
    66, 2A, 2B in summer) and overseas may have others.

    >>> [(period.starts_on.isoformat(), period.ends_on.isoformat()) for period in soldes(2024)]
    [('2024-01-10', '2024-02-06'), ('2024-06-26', '2024-07-23')]
    """
    if year < FIRST_YEAR_OF_SOLDES:
        raise ValueError(f"soldes of {year} followed other rules; known from {FIRST_YEAR_OF_SOLDES}")
    second = _first(_WEDNESDAY, date(year, 1, 8))
    winter = second if second.day <= 12 else second - timedelta(weeks=1)
    last = _first(_WEDNESDAY, date(year, 6, 24))
    summer = last if last.day <= 28 else last - timedelta(weeks=1)
    return _soldes(year, "winter", winter), _soldes(year, "summer", summer)


def _soldes(year: int, season: str, start: date) -> Period:
    starts_on, ends_on = _DECREED.get((year, season), (start, start + timedelta(days=SOLDES_DAYS - 1)))
    return Period("soldes", starts_on, ends_on, "Soldes d'hiver" if season == "winter" else "Soldes d'été")


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November.

    >>> black_friday(2024).isoformat(), black_friday(2025).isoformat()
    ('2024-11-29', '2025-11-28')
    """
    return _first(_THURSDAY, date(year, 11, 22)) + timedelta(days=1)


def public_holidays(year: int) -> list[Period]:
    """The eleven public holidays of France; those that only Alsace-Moselle or overseas have are left out.

    >>> [period.starts_on.isoformat() for period in public_holidays(2026)][:4]
    ['2026-01-01', '2026-04-06', '2026-05-01', '2026-05-08']
    """
    import holidays

    days = holidays.country_holidays("FR", years=year, language="fr")
    return [Period("public_holiday", day, day, name) for day, name in sorted(days.items())]


def periods(first_year: int, last_year: int) -> Iterator[Period]:
    """All periods of the years, year by year; years before 2020 have no soldes, which says that they are unknown."""
    for year in range(first_year, last_year + 1):
        friday = black_friday(year)
        found = [*public_holidays(year), Period("black_friday", friday, friday, "Black Friday")]
        found += soldes(year) if year >= FIRST_YEAR_OF_SOLDES else ()
        yield from sorted(found, key=lambda period: (period.starts_on, period.day_kind))


def write_periods(file: TextIO, first_year: int, last_year: int) -> None:
    """Write the seed: `calendar_code, day_kind, starts_on, ends_on, period_name`."""
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["calendar_code", *(field.name for field in dataclasses.fields(Period))])
    out.writerows([CALENDAR, *dataclasses.astuple(period)] for period in periods(first_year, last_year))


def period_faults(rows: Mapping[str, Iterable[Row]]) -> Iterator[Fault]:
    """Lines of the calendar files without a day, or whose period ends before it begins."""
    for name, lines in rows.items():
        for row in lines if name.startswith("calendar__") else ():
            if not (row.cells["starts_on"] and row.cells["ends_on"]):
                yield row.fault("a period needs a first and a last day", "write both; for one day, write it twice")
            elif row.cells["ends_on"] < row.cells["starts_on"]:
                yield row.fault(f"the period ends on {row.cells['ends_on']}, before it begins", "swap the days, or correct one")


def _first(weekday: int, on_or_after: date) -> date:
    """The first such weekday (Monday is 0) from a day on."""
    return on_or_after + timedelta(days=(weekday - on_or_after.weekday()) % 7)


if __name__ == "__main__":
    write_periods(sys.stdout, int(sys.argv[1]), int(sys.argv[2]))
