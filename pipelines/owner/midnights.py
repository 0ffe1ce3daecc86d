"""When the next day begins somewhere: what may be sold up to a day is published again then.

Belongs here: the instants at which local days begin. Does not belong here: what a day changes (dbt's hot views).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def next_midnight(now: datetime, zones: Iterable[str | None]) -> datetime:
    """The first instant after `now` (aware) at which a day begins in one of the zones; null and unknown ones have UTC's days.

    >>> next_midnight(datetime(2026, 3, 28, 20, tzinfo=UTC), ["Europe/Paris", None]).isoformat()
    '2026-03-28T23:00:00+00:00'
    """
    return min(_next_midnight(now, _zone(name)) for name in {*zones, None})


def _next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, tzinfo=zone).astimezone(UTC)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
