"""The standing processes: a dropped file is seen, a crash is mended, nothing outlives its parent."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import psutil
import pytest

from tests.conftest import SMALL_DISTRIBUTOR

ROOT = Path(__file__).resolve().parents[2]


def wait_for(is_so: Callable[[], bool], seconds: float = 240.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.1)


def on_hand_rows(home: Path) -> int:
    """Rows of `stock.on_hand` that a reader sees now."""
    with duckdb.connect(str((home / "published" / "parstock.duckdb").resolve()), read_only=True) as con:
        return int(con.execute("select count(*) from stock.on_hand").fetchall()[0][0])


def part(process: subprocess.Popen[bytes], module: str) -> psutil.Process | None:
    """The running child that was started as a module."""
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if module in child.cmdline():
                return child
    return None


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`parstock up` on a new home; whatever is left of it at the end is killed."""
    command = [sys.executable, "-m", "pipelines.cli", "up", "--home", str(tmp_path / "home"), "--build-seconds", "2"]
    with (tmp_path / "up.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    yield process
    if process.poll() is None:
        children = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        psutil.wait_procs(children, timeout=15)


@pytest.mark.timeout(900)
def test_a_dropped_file_is_seen_and_a_crash_of_the_stream_is_mended(running: subprocess.Popen[bytes], tmp_path: Path) -> None:
    home = tmp_path / "home"
    wait_for((home / "published" / "parstock.duckdb").exists)
    assert on_hand_rows(home) == 0  # every table is there before anything has come
    for feed in ("reference", "wms"):
        shutil.copytree(SMALL_DISTRIBUTOR / feed, home / "landing" / feed, dirs_exist_ok=True)
    wait_for(lambda: on_hand_rows(home) > 0)
    before = on_hand_rows(home)
    stream = part(running, "pipelines.processes.stream")
    assert stream is not None
    stream.kill()
    wait_for(lambda: (fresh := part(running, "pipelines.processes.stream")) is not None and fresh.pid != stream.pid)
    shutil.copytree(SMALL_DISTRIBUTOR / "pos", home / "landing" / "pos", dirs_exist_ok=True)
    wait_for(lambda: on_hand_rows(home) > before)
    children = psutil.Process(running.pid).children()
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0, (tmp_path / "up.log").read_text()
    assert psutil.wait_procs(children, timeout=15)[1] == []


@pytest.mark.timeout(300)
def test_the_children_end_when_their_parent_is_killed(running: subprocess.Popen[bytes]) -> None:
    wait_for(lambda: part(running, "pipelines.processes.stream") is not None and part(running, "pipelines.build.serving") is not None)
    children = psutil.Process(running.pid).children()
    running.kill()
    running.wait()
    assert psutil.wait_procs(children, timeout=20)[1] == []
