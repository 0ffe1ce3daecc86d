"""Starting the product as processes of its own and killing them, at a random moment or at a named point.

Belongs here: processes. Does not belong here: what must be true afterwards (the tests).
Only processes that were started here are ever killed, by their ids.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

import psutil
from oracle import driver

ROOT: Final = Path(__file__).resolve().parents[2]

FAILPOINTS: Final = (
    "after_segment",  # ingest: the segment is renamed, its manifest is not written
    "after_manifest",  # ingest: the manifest is renamed, nobody has seen it
    "before_commit",  # owner: all statements of a transaction ran, the commit did not
    "after_commit",  # owner: committed, nothing flushed
    "after_flush_file",  # owner: a Parquet file of the ledger is in place, no list names it
    "after_current",  # owner: current.json names the new files
    "before_swap",  # publisher: the new version is written, the symlink names the old one
    "after_swap",  # publisher: the symlink names the new version, nothing is cleaned up
)
"""Names that `PARSTOCK_FAIL_AT` takes; the process that passes the point kills itself with SIGKILL."""


def start(log: Path, *arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start the product's command in a process group of its own; its output goes to `log`."""
    with log.open("ab") as out:
        return subprocess.Popen(
            driver.command(*arguments),
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process that was started here and to all its children, and wait for them."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        found = [*parent.children(recursive=True), parent]
    for each in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)
    psutil.wait_procs(found, timeout=10)
    process.wait(timeout=10)


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Let it run for some seconds, then kill it; False when it had ended by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        time.sleep(0.01)
    was_running = process.poll() is None
    kill(process)
    return was_running


def finish(process: subprocess.Popen[bytes], log: Path, seconds: float = 180) -> None:
    """Wait for a process to end well; its output is in the message otherwise."""
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    assert code == 0, f"exit code {code}\n{log.read_text(errors='replace')[-4000:]}"
