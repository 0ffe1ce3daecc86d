"""The watch over alerts beside a running owner: looks of its own, so that nobody who delivers or builds waits for one.

Belongs here: how often to look. Does not belong here: what a look does (`pipelines.alerts.watch`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from pipelines import stages
from pipelines.errors import UserError
from pipelines.ledger.files import newest_input_commit, read_current
from pipelines.settings import Home

log = logging.getLogger("parstock.looks")

CORE_SHARE: Final = 0.05
"""Of one core, what looks may take."""

SECONDS_MIN: Final = 5.0
SECONDS_MAX: Final = 300.0
"""A look is made this long after the one before even where it costs more, and where nothing has come: readers see its time."""


class Looks:
    """Looks at the alerts of a home whose owner stands in this process, until `stopping` is set."""

    def __init__(self, home: Home, owner: stages.Asked, clock: Callable[[], datetime], stopping: threading.Event) -> None:
        self._home, self._owner, self._clock, self._stopping = home, owner, clock, stopping
        self._seen_commit = -1
        self._next_at = self._latest_at = 0.0

    def run(self) -> None:
        """Look when something new has come, as often as looks may be, and at the latest when the newest look is too old."""
        while not self._stopping.wait(1.0):
            if self._is_due(time.monotonic()):
                self._look()

    def _is_due(self, now: float) -> bool:
        if now < self._next_at or not self._home.published_file.exists():
            return False
        return now >= self._latest_at or self._newest_commit() != self._seen_commit

    def _newest_commit(self) -> int:
        current = read_current(self._home)
        return newest_input_commit(current) if current else -1

    def _look(self) -> None:
        """One look by one thread, this one, so that its time can be told."""
        self._seen_commit, before = self._newest_commit(), time.thread_time()
        try:
            stages.watch_alerts(self._home, self._owner, clock=self._clock, threads=1)
        except UserError as error:
            if not self._stopping.is_set():
                log.error("%s", error)
        pause = pause_after(time.thread_time() - before)
        now = time.monotonic()
        self._next_at, self._latest_at = now + pause, now + SECONDS_MAX


def pause_after(cpu_seconds: float) -> float:
    """Seconds from a look that took so much of a core to the next one.

    >>> pause_after(0.05), pause_after(0.75), pause_after(60.0)
    (5.0, 15.0, 300.0)
    """
    return min(max(cpu_seconds / CORE_SHARE, SECONDS_MIN), SECONDS_MAX)
