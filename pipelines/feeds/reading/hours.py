"""Opening hours: the plain part of OpenStreetMap's `opening_hours`, a week of local hours on one line.

Belongs here: reading the form. Does not belong here: public holidays and other days (`calendars`), or time zones.

Rules are separated by `;`: days (`Mo Tu We Th Fr Sa Su`, ranges `Mo-Fr`, lists `Mo,We`), then hours (`09:00-12:30`,
several with `,`; `24:00` ends a day; an end before its start lies on the next day) or `off`. `24/7` is always open. A
later rule replaces an earlier one on its days; days without a rule are closed.
"""

from __future__ import annotations

import itertools
import re
from typing import Final

DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
Spans = tuple[tuple[int, int], ...]
"""Open from … to …, in minutes from the day's midnight; an end above 1440 lies on the next day."""

_DAY: Final = "(?:" + "|".join(DAYS) + ")"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_LIST: Final = rf"{_DAY}(?:-{_DAY})?(?:,\s?{_DAY}(?:-{_DAY})?)*"
_DAYS: Final = re.compile(_LIST)
_RULE: Final = re.compile(rf"(?P<days>{_LIST}) (?P<hours>off|{_TIME}-(?:{_TIME}|24:00)(?:,\s?{_TIME}-(?:{_TIME}|24:00))*)")
_WHOLE_DAY: Final = 1440


def week_of(text: str) -> tuple[Spans, ...]:
    """The open spans of each day, Monday first; ValueError where the text is not in the form.

    >>> week_of("Mo-Fr 09:00-12:30,14:00-19:00; Sa 10:00-18:00; We off")[1:3]
    (((540, 750), (840, 1140)), ())
    >>> week_of("Fr 18:00-02:00")[4], week_of("24/7")[6]
    (((1080, 1560),), ((0, 1440),))
    """
    if text.strip() == "24/7":
        return (((0, _WHOLE_DAY),),) * len(DAYS)
    week: list[Spans] = [()] * len(DAYS)
    for rule in text.strip().removesuffix(";").split(";"):
        read = _RULE.fullmatch(rule.strip())
        if read is None:
            raise ValueError(f"no rule of opening hours: {rule.strip()!r}")
        spans = () if read["hours"] == "off" else tuple(_span(one) for one in re.split(r",\s?", read["hours"]))
        for number in _numbers(read["days"]):
            week[number] = spans
    return tuple(week)


def weekdays_of(text: str) -> frozenset[int]:
    """The weekdays of a list such as `Mo,We,Fr` or `Mo-Fr`, Monday 0; ValueError where the text is not in the form.

    >>> sorted(weekdays_of("Mo,We-Fr"))
    [0, 2, 3, 4]
    """
    if not _DAYS.fullmatch(text.strip()):
        raise ValueError(f"no list of weekdays: {text!r}")
    return frozenset(_numbers(text.strip()))


def is_weekdays(text: str) -> bool:
    """Whether the text is a list of weekdays.

    >>> is_weekdays("Mo, We"), is_weekdays("Mon")
    (True, False)
    """
    return _DAYS.fullmatch(text.strip()) is not None


def is_opening_hours(text: str) -> bool:
    """Whether the text is in the form, and no span of a day is empty or overlaps the next.

    >>> is_opening_hours("Mo-Sa 09:00-19:30"), is_opening_hours("9 to 5"), is_opening_hours("Mo 09:00-12:00,11:00-13:00")
    (True, False, False)
    """
    try:
        week = week_of(text)
    except ValueError:
        return False
    return all(end > start for day in week for start, end in day) and all(
        before[1] <= after[0] for day in week for before, after in itertools.pairwise(day)
    )


def _numbers(days: str) -> list[int]:
    found = []
    for part in re.split(r",\s?", days):
        first, _, last = part.partition("-")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [number % len(DAYS) for number in range(start, end + 1 if end >= start else end + 1 + len(DAYS))]
    return found


def _span(text: str) -> tuple[int, int]:
    start, end = (int(time[:2]) * 60 + int(time[3:]) for time in text.split("-"))
    return start, end if end >= start else end + _WHOLE_DAY
