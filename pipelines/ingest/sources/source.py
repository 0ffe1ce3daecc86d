"""What a source is to the rest of ingest, and the sources of a run taken together.

A source says what is there and whole (`poll`), where its bytes lie (`Content` in its units), and is told when they are safe
(`acknowledge`). It keeps no position of its own that matters: where it stands is what the spool has of it. A delivery is written
before anything of it is parsed, and its manifest last; so a source that starts again finds in `Intake` which of its deliveries
there are, cuts those the same way again, and goes on behind them. What becomes one delivery is its choice: a file is one of many
units, a range of a stream is one of its own, whose `source_uri` names the range.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from pipelines.ingest.unit import WorkUnit
from pipelines.settings import Home, Settings
from pipelines.spool import Spool

Clock = datetime | Callable[[], datetime]


def now_of(clock: Clock) -> datetime:
    """The clock's present, an aware instant."""
    now = clock() if callable(clock) else clock
    if now.tzinfo is None:
        raise ValueError("the clock must give instants with a zone")
    return now


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What one look at a source brought: units to parse, new deliveries, all deliveries seen, and what must wait.

    `parsed` are ids of units seen now that have a manifest already: of an earlier run, which may have ended before it told the
    source. `unreadable` says what cannot be read and why. `left_out` are rows of new deliveries that a mapping says are none,
    by path.
    """

    units: list[WorkUnit] = dataclasses.field(default_factory=list)
    parsed: list[str] = dataclasses.field(default_factory=list)
    new_deliveries: list[str] = dataclasses.field(default_factory=list)
    deliveries: list[str] = dataclasses.field(default_factory=list)
    waiting: list[str] = dataclasses.field(default_factory=list)
    unreadable: list[str] = dataclasses.field(default_factory=list)
    left_out: dict[str, int] = dataclasses.field(default_factory=dict)

    def add(self, other: Found) -> None:
        """Add what another look brought."""
        for field in dataclasses.fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            mine.update(others) if isinstance(mine, dict) else mine.extend(others)


class Source(Protocol):
    """One place that data comes from. A run polls it from one thread, again and again, and closes it at its end."""

    def poll(self, clock: Clock) -> Found:
        """Look once, without waiting for anything to come; returns each unit once.

        Everything first seen in one look shares one `known_at`, which is taken from the clock when there is something. What is
        not whole yet is `waiting`. Raises UserError for a fault that stops the run.
        """

    def acknowledge(self, unit_ids: Collection[str]) -> None:
        """The manifests of these units are durable: what the source keeps for them, or holds back from its sender, may go.

        Told before the next look, of each unit at least once, also of one that an earlier run parsed.
        """

    def close(self) -> None:
        """Let go of what is held open."""


@dataclasses.dataclass(frozen=True, slots=True)
class Remark:
    """What `parstock doctor` says of a source's set-up: about what, and what to do; nothing to do where all is well."""

    about: str
    what: str
    next_step: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source: its name, and in a few words what it takes from where.

    `is_set_up` tells whether the home has one, `open` gives it, and `examine` looks its set-up over and changes nothing.
    """

    name: str
    takes: str
    is_set_up: Callable[[Home, Settings], bool]
    open: Callable[[Home, Settings], Source]
    examine: Callable[[Home], Iterator[Remark]]


class Polled:
    """The sources of a run as one. Each hears of a unit only when its manifest is in the spool."""

    def __init__(self, sources: Sequence[Source], spool: Spool) -> None:
        self._sources, self._spool = sources, spool
        self._open: list[dict[str, WorkUnit]] = [{} for _ in sources]

    def poll(self, clock: Clock) -> Found:
        """One look at every source, in their order."""
        self.acknowledge()
        found = Found()
        for source, still_open in zip(self._sources, self._open, strict=True):
            brought = source.poll(clock)
            still_open.update((unit.unit_id, unit) for unit in brought.units)
            if brought.parsed:
                source.acknowledge(brought.parsed)
            found.add(brought)
        return found

    def acknowledge(self) -> list[WorkUnit]:
        """Tell each source what has reached the spool; returns the units that have not."""
        for source, still_open in zip(self._sources, self._open, strict=True):
            parsed = [unit_id for unit_id in still_open if self._spool.has_manifest(unit_id)]
            for unit_id in parsed:
                del still_open[unit_id]
            if parsed:
                source.acknowledge(parsed)
        return [unit for still_open in self._open for unit in still_open.values()]

    def close(self) -> None:
        """Close every source."""
        for source in self._sources:
            source.close()
