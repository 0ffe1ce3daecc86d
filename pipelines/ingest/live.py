"""Runs of this process by id: how Beam's stages, which must be picklable, reach what must not travel (callbacks, sources).

In a worker that is another process a run has no entry here: progress is then not reported, and nothing else is lost.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable

from pipelines.ingest.stage import WorkUnit
from pipelines.spool import Manifest

_runs: dict[str, Run] = {}


class Run:
    """One run of ingest in this process."""

    def __init__(
        self,
        on_manifest: Callable[[Manifest], None] | None = None,
        poll: Callable[[], list[WorkUnit]] | None = None,
        is_stopped: Callable[[], bool] | None = None,
    ) -> None:
        self.run_id = uuid.uuid4().hex
        self._on_manifest, self._poll, self._is_stopped = on_manifest, poll, is_stopped
        self._lock = threading.Lock()

    def __enter__(self) -> Run:
        _runs[self.run_id] = self
        return self

    def __exit__(self, *_: object) -> None:
        _runs.pop(self.run_id, None)

    def poll(self) -> list[WorkUnit]:
        """Units that the sources of the run bring now."""
        return self._poll() if self._poll else []

    def is_stopped(self) -> bool:
        """Whether the run has been told to end."""
        return self._is_stopped() if self._is_stopped else False

    def wait(self, seconds: float) -> None:
        """Wait until the next look."""
        time.sleep(seconds)

    def tell(self, manifest: Manifest) -> None:
        """Report a parsed unit; one at a time."""
        if self._on_manifest:
            with self._lock:
                self._on_manifest(manifest)


def run_of(run_id: str) -> Run:
    """The run of this id; KeyError when it is not of this process."""
    return _runs[run_id]


def report(run_id: str | None, manifest: Manifest) -> None:
    """Tell the run of a parsed unit, if the run is of this process."""
    run = _runs.get(run_id) if run_id else None
    if run is not None:
        run.tell(manifest)
