"""The pen that a random world is written with: instants, numbers, lines as some system sends them.

Belongs here: how a line is written. Does not belong here: which events there are (`generate`).
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

ZONES: Final = {
    "DC1": "Europe/Paris",
    "LIS": "Europe/Lisbon",
    "NYC": "America/New_York",
    "FBA": "Europe/Paris",
    "CLI": "Europe/Paris",
    "VMI": "Europe/Paris",
}
START: Final = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
KNOWN_AT: Final = datetime(2026, 5, 14, 12, 0)
"""When the first scan is seen, UTC; each later scan comes an hour after the one before."""

Line = tuple[str, dict[str, Any] | str]


class World:
    """Writes lines; every event has a number of its own unless its feed has natural keys."""

    def __init__(self, seed: int, events: int, *, has_conflicts: bool = False) -> None:
        self.random = random.Random(seed)
        self.events = events
        self.has_conflicts = has_conflicts
        self.lines: list[Line] = []
        self.instants: list[datetime] = [START]
        self.number = 0

    def next(self, letter: str) -> str:
        """A new number: letters first, so that text order and age differ."""
        self.number += 1
        return f"{letter}{self.number}"

    def when(self) -> datetime:
        """An instant of the ten days, in whole quarters of an hour; one in five is exactly that of another event."""
        if self.random.random() < 0.2:
            return self.random.choice(self.instants)
        at = START + timedelta(minutes=15 * self.random.randrange(1, 4 * 24 * 9))
        self.instants.append(at)
        return at

    def write(self, at: datetime, place: str) -> str:
        """An instant as some system writes it: in UTC, with the local offset, or as bare local time."""
        local = at.astimezone(ZoneInfo(ZONES[place]))
        style = self.random.random()
        if style < 0.3:
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return local.isoformat() if style < 0.8 else local.replace(tzinfo=None).isoformat()

    def add(self, feed: str, **fields: Any) -> None:
        """One line; one in twenty-five is sent twice."""
        line = {name: value for name, value in fields.items() if value is not None}
        self.lines.append((feed, line))
        if self.random.random() < 0.04:
            self.lines.append((feed, dict(line)))

    def wms(self, kind: str, at: datetime, place: str, item: str, quantity: Any, **more: Any) -> str:
        """A warehouse transaction; returns its number."""
        number = self.next("W")
        self.add(
            "wms",
            event_kind=kind,
            source_event_id=number,
            location_code=place,
            occurred_at=self.write(at, place),
            item_code=item,
            quantity=quantity,
            **more,
        )
        return number

    def goods(self) -> str:
        """An item that is held in stock."""
        return self.random.choice(["TEE", "MUG", "TEA", "TEA", "GIFT"])

    def units(self) -> int:
        """A small number of units."""
        return self.random.randint(1, 6)
