"""A standing child process: started again when it dies, ended with whoever started it.

Belongs here: its life. Does not belong here: what it does. A child's stdin is a pipe from here; it closes when this
process is gone, killed or not, and that ends the child.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pipelines.settings import PROJECT_ROOT

log = logging.getLogger("parstock.up")

PAUSE_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Before the first, second, … start after a crash; a child that lived for ten minutes begins again at the first."""
_LONG_LIFE_SECONDS: Final = 600.0


class Child:
    """A Python module as a process, one at a time: `command` is the module and its arguments, `name` is for people.

    It is started anew after `hours`, and after a crash with growing pauses. `is_group` gives it a process group of its
    own, all of which ends with it; `grace_seconds` is what it gets to end by itself.
    """

    def __init__(
        self, name: str, command: Sequence[str], log_file: Path, stopping: threading.Event, *, hours: float = float("inf"),
        is_group: bool = False, grace_seconds: float = 5.0,
    ) -> None:  # fmt: skip
        self.name, self._command, self._log_file, self._stopping = name, list(command), log_file, stopping
        self._seconds_max, self._is_group, self._grace_seconds = hours * 3600, is_group, grace_seconds

    def run(self, *, when: Callable[[], bool] = lambda: True) -> None:
        """Keep it running until told to stop; the first start waits for `when`."""
        while not when() and not self._stopping.wait(0.5):
            pass
        crashes = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            process = self._start()
            try:
                while process.poll() is None and not self._stopping.wait(0.2) and time.monotonic() - started < self._seconds_max:
                    pass
            finally:
                is_crash = process.poll() is not None
                self._end(process)
            if is_crash and not self._stopping.is_set():
                crashes = 0 if time.monotonic() - started > _LONG_LIFE_SECONDS else crashes
                pause = PAUSE_SECONDS[min(crashes, len(PAUSE_SECONDS) - 1)]
                crashes += 1
                log.warning("the %s ended (exit code %s), again in %g s; more in %s", self.name, process.returncode, pause, self._log_file)
                self._stopping.wait(pause)

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
        with self._log_file.open("ab") as file:
            return subprocess.Popen(
                [sys.executable, "-m", *self._command], stdin=subprocess.PIPE, stdout=file, stderr=file,
                env={**os.environ, "PYTHONPATH": path}, start_new_session=self._is_group,
            )  # fmt: skip

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Close its stdin; after a while it is killed. What it had not finished it does again next time."""
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(self._grace_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._is_group:
            with contextlib.suppress(ProcessLookupError):  # none of it is left
                os.killpg(process.pid, signal.SIGKILL)


def log_to_stderr() -> None:
    """Let people see what the standing processes say of themselves."""
    if not logging.getLogger("parstock").handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s  %(message)s"))
        logging.getLogger("parstock").addHandler(handler)
        logging.getLogger("parstock").setLevel(logging.INFO)
