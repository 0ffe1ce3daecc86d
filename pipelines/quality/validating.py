"""Having Great Expectations validate what waits: starting its process, one a home.

Belongs here: when it is started, whether it is waited for, its lock. Does not belong here: its work
(`pipelines.processes.validation`, which stands above this and is named on its command line), which batches wait (`batch`).
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipelines.quality.batch import waiting
from pipelines.settings import PROJECT_ROOT, Home, Settings

_MODULE: Final = "pipelines.processes.validation"


@contextmanager
def validated(home: Home) -> Iterator[None]:
    """What the gates look at in the block is validated at its end, whatever became of it, where the setting is `wait`."""
    try:
        yield
    finally:
        wait_for_validation(home)


@contextmanager
def validated_later(home: Home) -> Iterator[None]:
    """What the gates look at in the block is validated from its end on, whatever became of it, where the setting is `later`."""
    try:
        yield
    finally:
        start_validation(home)


def start_validation(home: Home) -> bool:
    """Start the process that validates what waits, and do not wait for it; whether one was started.

    None is where nothing waits, where one is at work already (it takes what came meanwhile before it ends), and where the
    setting is not `later`.
    """
    if Settings().gx != "later" or not waiting(home):
        return False
    with validation_lock(home) as is_free:
        pass
    if is_free:
        _process(home)
    return is_free


def wait_for_validation(home: Home) -> bool:
    """Validate what waits and return when it is done, where the setting is `wait`; whether there was something."""
    if Settings().gx != "wait" or not waiting(home):
        return False
    _process(home, "--wait").wait()
    return True


@contextmanager
def validation_lock(home: Home, *, wait: bool = False) -> Iterator[bool]:
    """Held by the process at work; false where another one holds it (never with `wait`)."""
    home.run.mkdir(parents=True, exist_ok=True)
    with (home.run / "gates_validation.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def log_file(home: Home) -> Path:
    """What the process says of itself, and of faults."""
    return home.run / "gates_validation.log"


def _process(home: Home, *options: str) -> subprocess.Popen[bytes]:
    """The process, of a session of its own: it outlives whoever started it, and holds nothing of theirs open."""
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    with log_file(home).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", _MODULE, str(home.root.resolve()), *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        )  # fmt: skip
