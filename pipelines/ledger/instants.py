"""Instants as the warehouse counts them, µs since 1970 in UTC, and the clock where nobody brings one.

Belongs here: the one conversion. Does not belong here: time zones, which are the engine's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> datetime:
    """Now, in UTC: what `clock` is unless a caller has one of its own."""
    return datetime.now(UTC)


def micros(instant: datetime | str) -> int:
    """µs since 1970 of an aware instant or its ISO text.

    >>> micros("1970-01-01T01:00:00.000001+01:00")
    1
    """
    aware = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return (aware - EPOCH) // timedelta(microseconds=1)


def instant(micros_: int) -> datetime:
    """The aware instant, in UTC.

    >>> instant(1).isoformat()
    '1970-01-01T00:00:00.000001+00:00'
    """
    return EPOCH + timedelta(microseconds=micros_)
