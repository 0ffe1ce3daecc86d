"""A second source, as small as one can be: a journal that a sender appends to, of which each range of lines is a delivery.

It stands for a topic of a broker or the journal behind a web hook: it has positions, it grows while it is read, and its sender
may forget what was acknowledged and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from pipelines.feeds.parse import How
from pipelines.ingest.sources.intake import Arrival, Intake
from pipelines.ingest.sources.source import Clock, Found, Remark, SourceKind, now_of
from pipelines.ingest.survey import survey_stream
from pipelines.ingest.unit import ContentChanged
from pipelines.settings import Home
from pipelines.spool import Spool
from pipelines.spool.records import instant_text

NAME: Final = "journal/pos@"
LINES_AT_ONCE: Final = 3


@dataclasses.dataclass(frozen=True)
class JournalRange:
    """Bytes of the journal from one position to another."""

    path: str
    start: int
    end: int

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        content = Path(self.path).read_bytes()[self.start : self.end]
        if len(content) < self.end - self.start:
            raise ContentChanged
        yield io.BytesIO(content)


class JournalSource:
    """The journal of a home. `forgotten` holds the position up to which the sender need not send again."""

    def __init__(self, home: Home) -> None:
        self._path, self._mark = home.root / "journal.log", home.root / "forgotten"
        self._spool = Spool(home.spool)
        self._intake = Intake(self._spool)
        known = [
            tuple(map(int, one.source_uri.removeprefix(NAME).split("-")))
            for one in self._spool.read_deliveries()
            if one.source_uri.startswith(NAME)
        ]
        self._again = sorted(one for one in known if one[1] > self.forgotten)
        self._position = max((end for _, end in known), default=0)
        self._open: dict[str, tuple[int, int]] = {}
        self.is_closed = False

    @property
    def forgotten(self) -> int:
        return int(self._mark.read_text()) if self._mark.exists() else 0

    def poll(self, clock: Clock) -> Found:
        found = Found()
        known_at = instant_text(now_of(clock))
        ranges, self._again = [*self._again, *self._new()], []
        for start, end in ranges:
            content = JournalRange(str(self._path), start, end)
            with content.open() as file:
                surveyed = survey_stream(file, How("jsonl"), "pos", None, 8 << 20)
            delivery = self._intake.take(found, Arrival("pos", "till", f"{NAME}{start}-{end}"), surveyed, content, known_at)
            self._open |= dict.fromkeys(delivery.units, (start, end))
        return found

    def _new(self) -> Iterator[tuple[int, int]]:
        """Ranges of whole lines behind the position, three lines in each but the last."""
        content = self._path.read_bytes()[self._position :] if self._path.exists() else b""
        lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
        for number in range(0, len(lines), LINES_AT_ONCE):
            start = self._position
            self._position += sum(map(len, lines[number : number + LINES_AT_ONCE]))
            yield start, self._position

    def acknowledge(self, unit_ids: Collection[str]) -> None:
        early = [unit_id for unit_id in unit_ids if not self._spool.has_manifest(unit_id)]
        assert early == [], "told before the manifest was there"
        for unit_id in unit_ids:
            del self._open[unit_id]
        self._mark.write_text(str(min((start for start, _ in self._open.values()), default=self._position)))

    def close(self) -> None:
        self.is_closed = True


JOURNAL: Final = SourceKind(
    name="journal",
    takes="lines of journal.log",
    is_set_up=lambda home, settings: (home.root / "journal.log").exists(),
    open=lambda home, settings: JournalSource(home),
    examine=lambda home: iter([Remark("journal", f"{(home.root / 'journal.log').stat().st_size} bytes")]),
)
"""The line that wires it."""
