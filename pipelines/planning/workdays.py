"""Days on which a supplier takes orders and a place takes goods: from both an order's day and its arrival follow.

Belongs here: which days are open, and the first of them from a day on. Does not belong here: how long a lead time is, what a
calendar's days are (reference `calendars`), or the form of opening hours (`pipelines.feeds.reading.hours`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import polars as pl

from pipelines.feeds.reading.hours import week_of, weekdays_of

Closed = Mapping[str, list[tuple[date, date]]]
"""Calendar to its closed periods, first and last day."""

_FARTHEST_DAYS: Final = 366
"""Nobody is closed for longer: without an open day within it the calendar says nothing."""

_EVERY_DAY: Final = frozenset(range(7))


@dataclasses.dataclass(frozen=True, slots=True)
class OpenDays:
    """The weekdays (Monday 0) and the closed periods of one supplier or place.

    >>> shut = OpenDays(frozenset({0, 2}), ((date(2026, 12, 2), date(2026, 12, 6)),))
    >>> shut.first_from(date(2026, 12, 1))
    datetime.date(2026, 12, 7)
    """

    weekdays: frozenset[int] = _EVERY_DAY
    closed: tuple[tuple[date, date], ...] = ()

    def first_from(self, day: date) -> date:
        """The first open day from `day` on; `day` itself where there is none within a year."""
        for ahead in range(_FARTHEST_DAYS):
            tried = day + timedelta(days=ahead)
            if tried.weekday() in self.weekdays and not any(start <= tried <= end for start, end in self.closed):
                return tried
        return day


def with_days(items: pl.DataFrame, supplier_terms: pl.DataFrame, closed_days: pl.DataFrame) -> pl.DataFrame:
    """Adds `first_order_on`, the first day from `as_of_on` on which the supplier takes orders, and `arrival_on` of such an order.

    The supplier's order days and calendar are those of the place, else those for all places. The order arrives a lead time
    (rounded up) later, or on the next day on which the place is open, by its hours and its calendar. Both are null without a supplier.
    """
    closed = _periods(closed_days, items["as_of_on"].min() or date.min)
    orders = {(row["supplier_id"], row["location_id"]): _of_supplier(row, closed) for row in supplier_terms.iter_rows(named=True)}
    named = ("supplier_id", "location_id", "opening_hours", "calendar_code", "lead_time_days_mean", "as_of_on")
    cases = items.filter(pl.col("supplier_id").is_not_null()).select(named).unique(maintain_order=True)

    @cache
    def place(hours: str | None, calendar_code: str | None) -> OpenDays:
        return OpenDays(_open_weekdays(hours), tuple(closed.get(calendar_code or "", ())))

    rows = []
    for supplier_id, location_id, hours, calendar_code, days, as_of_on in cases.iter_rows():
        supplier = orders.get((supplier_id, location_id)) or orders.get((supplier_id, None)) or OpenDays()
        ordered_on = supplier.first_from(as_of_on)
        arrival_on = place(hours, calendar_code).first_from(ordered_on + timedelta(days=_whole(days)))
        rows.append((ordered_on, arrival_on))
    found = pl.DataFrame(rows, schema={"first_order_on": pl.Date, "arrival_on": pl.Date}, orient="row")
    return items.join(pl.concat([cases, found], how="horizontal"), on=named, how="left", nulls_equal=True, maintain_order="left")


def _of_supplier(row: Mapping[str, Any], closed: Closed) -> OpenDays:
    weekdays = weekdays_of(row["order_days"]) if row["order_days"] else _EVERY_DAY
    return OpenDays(weekdays, tuple(closed.get(row["calendar_code"] or "", ())))


def _open_weekdays(opening_hours: str | None) -> frozenset[int]:
    """The weekdays on which a place is open at all; all of them where it does not say, or says that it is never open."""
    if not opening_hours:
        return _EVERY_DAY
    return frozenset(number for number, spans in enumerate(week_of(opening_hours)) if spans) or _EVERY_DAY


def _periods(closed_days: pl.DataFrame, from_on: Any) -> dict[str, list[tuple[date, date]]]:
    """The closed periods of each calendar that are not over on a day: a calendar may go back for years."""
    last = pl.coalesce("ends_on", "starts_on").alias("ends_on")
    periods: dict[str, list[tuple[date, date]]] = {}
    for code, start, end in closed_days.select("calendar_code", "starts_on", last).filter(pl.col("ends_on") >= from_on).iter_rows():
        periods.setdefault(code, []).append((start, end))
    return periods


def _whole(days: float) -> int:
    return int(-(-days // 1))
