"""`parstock up`: the standing processes of a home, started, watched and ended together.

Belongs here: which processes there are and what becomes of them. Does not belong here: their work (the owner,
`pipelines.ingest`, `pipelines.warehouse.marts_process`, `pipelines.planning`).

The owner and publisher is this process. The stream is a child, started anew once a day, for the embedded runner keeps
a little of every bundle for ever, and after a crash, with growing pauses. The marts are built by a niced child. A
child ends by itself when this process is gone, however it went.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from pipelines import stages
from pipelines.errors import UserError
from pipelines.heartbeat import HEARTBEAT_SECONDS, beat
from pipelines.settings import PROJECT_ROOT, Home
from pipelines.warehouse.owner import Owner, system_clock

log = logging.getLogger("parstock.up")

STREAM_HOURS: Final = 24.0
PAUSE_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Before the first, second, … start after a crash; a stream that lived for ten minutes begins again at the first."""
_LONG_LIFE_SECONDS: Final = 600.0


class Supervisor:
    """Runs a home's standing processes until SIGTERM, SIGINT or `stop()`.

    `build_seconds`: the marts are brought up to the ledger at most this often. `plan_at`: `HH:MM` of the machine's clock
    after which the day is planned, once.
    """

    def __init__(
        self, home: Home, *, build_seconds: float = 30.0, plan_at: str = "05:00", clock: Callable[[], datetime] = system_clock
    ) -> None:
        self.home, self._clock, self._build_seconds = home, clock, build_seconds
        try:
            self._plan_at = datetime.strptime(plan_at, "%H:%M").replace(tzinfo=UTC).time()
        except ValueError:
            raise UserError(f"{plan_at!r} is no time of day", next_step="--plan-at 05:00") from None
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End everything; `run` returns when it has ended."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped. Raises UserError when another process owns the home."""
        _log_to_stderr()
        self.home.make()
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with Owner(self.home, clock=self._clock) as owner, _lock(self.home):
                stream = _Stream(self.home, self._stopping)
                builds = _Builds(self.home, owner, self._build_seconds, self._plan_at, self._clock, self._stopping)
                threads = [threading.Thread(target=self._guard, args=(part.run,)) for part in (stream, builds)]
                for thread in threads:
                    thread.start()
                log.info("watching %s; readers open %s; Ctrl-C ends it", self.home.landing, self.home.published_file)
                try:
                    while not self._stopping.wait(HEARTBEAT_SECONDS):
                        owner.ask("status")  # it answers, or says why it died
                        beat(self.home, "owner")
                finally:
                    self._stopping.set()
                    for thread in threads:
                        thread.join()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        log.info("stopped")

    def _guard(self, work: Callable[[], None]) -> None:
        """A part that fails beyond its own care ends all: better than running on without it."""
        try:
            work()
        except Exception:
            log.exception("a part of parstock up failed")
            self._stopping.set()


class _Stream:
    """The child that watches the landing folders; one at a time."""

    def __init__(self, home: Home, stopping: threading.Event) -> None:
        self._home, self._stopping = home, stopping

    def run(self) -> None:
        crashes = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            process = self._start()
            try:
                while process.poll() is None and not self._stopping.wait(0.2) and time.monotonic() - started < STREAM_HOURS * 3600:
                    pass
            finally:
                is_crash = process.poll() is not None
                _end(process)
            if is_crash and not self._stopping.is_set():
                crashes = 0 if time.monotonic() - started > _LONG_LIFE_SECONDS else crashes
                pause = PAUSE_SECONDS[min(crashes, len(PAUSE_SECONDS) - 1)]
                crashes += 1
                log.warning("the stream ended (exit code %s), again in %g s; more in %s", process.returncode, pause, self._log_file)
                self._stopping.wait(pause)

    @property
    def _log_file(self) -> Any:
        return self._home.run / "stream.log"

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
        with self._log_file.open("ab") as file:
            # The pipe on its stdin closes when this process is gone, killed or not: that ends the child.
            return subprocess.Popen(
                [sys.executable, "-m", "pipelines.standing", str(self._home.root.resolve())],
                stdin=subprocess.PIPE, stdout=file, stderr=file, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip


class _Builds:
    """Brings the marts up to the ledger, and plans once a day."""

    def __init__(
        self, home: Home, owner: Owner, seconds: float, plan_at: Any, clock: Callable[[], datetime], stopping: threading.Event
    ) -> None:
        self._home, self._owner, self._seconds, self._plan_at, self._clock, self._stopping = home, owner, seconds, plan_at, clock, stopping

    def run(self) -> None:
        from pipelines.warehouse.marts_process import MartsProcess

        with MartsProcess(self._home) as process:
            threading.Thread(target=self._close_when_stopped, args=(process,), daemon=True).start()
            while not self._stopping.is_set():
                beat(self._home, "builds", silent_seconds_max=900.0)
                self._turn(process)
                until = time.monotonic() + self._seconds
                while time.monotonic() < until and not self._stopping.wait(HEARTBEAT_SECONDS):
                    beat(self._home, "builds", silent_seconds_max=900.0)

    def _close_when_stopped(self, process: Any) -> None:
        """A build under way must not hold up the end."""
        self._stopping.wait()
        process.close()

    def _turn(self, process: Any) -> None:
        try:
            self._owner.ask("flush")
            if not stages.is_built(self._home, self._owner.ask("status")["ledger_hash"]):
                build = process.build()
                log.info("built %s on commit %s: %.1f s", build.name, build.commit_id, build.seconds_dbt + build.seconds_export)
            self._plan_if_due()
        except UserError as error:
            if not self._stopping.is_set():
                log.error("%s", error)

    def _plan_if_due(self) -> None:
        """Once after the hour of the day; the instant planned for is that hour, so that a restart makes no second plan."""
        now = self._clock().astimezone()
        due = now.replace(hour=self._plan_at.hour, minute=self._plan_at.minute, second=0, microsecond=0)
        plans = self._home.spool / "plans"
        prefix = f"{due.astimezone(UTC):%Y%m%dT%H%M%SZ}-"
        is_planned = plans.is_dir() and any(path.name.startswith(prefix) for path in plans.iterdir())
        if now < due or is_planned or not self._home.published_file.exists() or self._owner.ask("status")["newest_known_at"] is None:
            return
        log.info("planned %s", stages.plan_with(self._home, self._owner, due, clock=self._clock))


@contextlib.contextmanager
def _lock(home: Home) -> Iterator[None]:
    """Held while the standing processes run: `doctor` looks at heartbeats only then."""
    with (home.run / "up.lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a child: its stdin is closed, then after a while it is killed. What it had not finished it does again next time."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _log_to_stderr() -> None:
    if not logging.getLogger("parstock").handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s  %(message)s"))
        logging.getLogger("parstock").addHandler(handler)
        logging.getLogger("parstock").setLevel(logging.INFO)
