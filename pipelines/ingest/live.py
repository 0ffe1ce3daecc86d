"""Runs of this process by id: how Beam's stages reach what must not travel.

Beam pickles its stages, also on the embedded runner, and a source (with its connections), a callback or an event cannot be
pickled. So a stage carries the id of its run and looks it up here. In a worker that is another process a run has no entry:
progress is then not reported, and nothing else is lost, for what is parsed is told by the spool.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from pipelines.ingest.unit import WorkUnit
from pipelines.spool import Manifest

_runs: dict[str, Run] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """What one run of ingest gives its stages: whom to tell of a parsed unit, what its sources bring now, whether it is to end, how to wait."""

    on_manifest: Callable[[Manifest], None] | None
    poll: Callable[[], list[WorkUnit]] = list
    is_stopped: Callable[[], bool] = bool
    wait: Callable[[float], None] = time.sleep
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)


class Handed:
    """Units that are given to a standing run from elsewhere than its sources; the run need not sleep out its pause for them."""

    def __init__(self) -> None:
        self._units: queue.SimpleQueue[WorkUnit] = queue.SimpleQueue()
        self._is_more = threading.Event()

    def add(self, units: Iterable[WorkUnit]) -> None:
        """Give units to the run."""
        for unit in units:
            self._units.put(unit)
        self._is_more.set()

    def take(self) -> list[WorkUnit]:
        """What was given since the last time."""
        return [self._units.get() for _ in range(self._units.qsize())]

    def wait(self, seconds: float) -> None:
        """Wait, but not once there is more."""
        self._is_more.wait(seconds)
        self._is_more.clear()


@contextmanager
def running(run: Run) -> Iterator[str]:
    """The id under which the run is found as long as the block lasts."""
    run_id = uuid.uuid4().hex
    _runs[run_id] = run
    try:
        yield run_id
    finally:
        del _runs[run_id]


def run_of(run_id: str) -> Run:
    """The run of this id; KeyError when it is not of this process."""
    return _runs[run_id]


def report(run_id: str | None, manifest: Manifest) -> None:
    """Tell the run of a parsed unit, if the run is of this process and wants to hear; one at a time."""
    run = _runs.get(run_id) if run_id else None
    if run is not None and run.on_manifest is not None:
        with run.lock:
            run.on_manifest(manifest)
