"""Progress on stderr: bars where a person watches, a plain line now and then where a log does.

Belongs here: turning what the stages tell into something to look at. Does not belong here: results (`output`).
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, Protocol, Self

LINE_SECONDS = 5.0
"""In a log, a stage under way is told of at most this often."""


class Progress(Protocol):
    """Hears from the stages; may be called from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def __call__(self, stage: str, figures: dict[str, Any]) -> None:
        """A stage and its figures so far (`stages.Say`)."""


def progress() -> Progress:
    """Bars on a terminal, lines elsewhere."""
    return _Bars() if sys.stderr.isatty() else _Lines()


def describe(stage: str, figures: dict[str, Any]) -> tuple[str, int | None, int | None]:
    """What to show of a stage: a text, and how many of how many are done where that is known.

    >>> describe("parse", {"units": 116, "units_done": 40, "rows": 263772})
    ('263,772 rows', 40, 116)
    >>> describe("note", {"text": "reading a year of real tickets"})
    ('reading a year of real tickets', None, None)
    """
    if stage == "parse":
        return f"{figures['rows']:,} rows", figures["units_done"], figures["units"]
    if stage == "apply":
        return f"{figures['rows']:,} rows, {figures['movements']:,} movements (commit {figures['commit_id']})", None, None
    if stage == "build":
        return str(figures["node"]), figures["done"], figures["total"]
    if stage in ("backup", "restore", "check"):
        return f"{figures['bytes'] / 1e6:,.1f} MB", figures["done"], figures["total"]
    return str(figures.get("text", "")), None, None


class _Lines:
    """Plain lines: the first and the last of a stage, and one every few seconds in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def __call__(self, stage: str, figures: dict[str, Any]) -> None:
        text, done, total = describe(stage, figures)
        now = time.monotonic()
        with self._lock:
            is_due = done is None or done == total or now - self._told.get(stage, -LINE_SECONDS) >= LINE_SECONDS
            if not is_due:
                return
            self._told[stage] = now
        counted = f"{done} of {total}  " if done is not None else ""
        print(f"{'' if stage == 'note' else f'{stage:<8}'}{counted}{text}", file=sys.stderr, flush=True)


class _Bars:
    """One bar a stage."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._bars = RichProgress(
            SpinnerColumn(finished_text="✓"), TextColumn("{task.fields[stage]:<8}"), BarColumn(bar_width=24), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn("{task.description}", markup=False), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._tasks: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, stage: str, figures: dict[str, Any]) -> None:
        text, done, total = describe(stage, figures)
        with self._lock:
            if stage not in self._tasks:
                self._tasks[stage] = self._bars.add_task(text, total=total, stage="" if stage == "note" else stage)
            self._bars.update(self._tasks[stage], description=text, completed=done, total=total)
