"""`parstock up`: the standing processes of a home, started, watched and ended together.

Belongs here: which processes there are and what becomes of them. Does not belong here: their work (the owner,
`pipelines.ingest`, `pipelines.build.process`, `pipelines.planning`).

The owner and publisher is this process, and so is the watch over alerts (`pipelines.processes.looks`). The stream is a child,
started anew once a day, for the embedded runner keeps a little of every bundle for ever, and after a crash, with growing pauses.
The marts are built by a niced child; the schedules are another (`pipelines.processes.scheduler`). A child ends by itself when
this process is gone, however it went.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from pipelines import stages
from pipelines.errors import UserError
from pipelines.ledger.instants import system_clock
from pipelines.owner.owner import Owner
from pipelines.processes.children import Child, log_to_stderr
from pipelines.processes.heartbeat import HEARTBEAT_SECONDS, beat
from pipelines.processes.looks import Looks
from pipelines.processes.scheduler import child_of
from pipelines.settings import Home, Settings

log = logging.getLogger("parstock.up")

STREAM_HOURS: Final = 24.0
_SCHEDULER_NICENESS: Final = 19
_SCHEDULER_RUNS: Final = 2
_VALIDATION_SECONDS: Final = 300.0
"""Great Expectations takes seconds to load: what the gates looked at meanwhile is validated together."""


class Supervisor:
    """Runs a home's standing processes until SIGTERM, SIGINT or `stop()`.

    `build_seconds`: the marts are brought up to the ledger at most this often. `has_scheduler` (default: the setting) says
    whether the schedules run, and plan. Without them the day is planned here, once, after `plan_at`: `HH:MM` of the
    machine's clock.
    """

    def __init__(
        self, home: Home, *, build_seconds: float = 30.0, plan_at: str = "05:00", has_scheduler: bool | None = None,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:  # fmt: skip
        self._is_scheduled = Settings().scheduler == "on" if has_scheduler is None else has_scheduler
        self.home, self._clock, self._build_seconds = home, clock, build_seconds
        try:
            self._plan_at = datetime.strptime(plan_at, "%H:%M").replace(tzinfo=UTC).time()
        except ValueError:
            raise UserError(f"{plan_at!r} is not a time of day", next_step="--plan-at 05:00") from None
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End everything; `run` returns when it has ended."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped. Raises UserError when another process owns the home."""
        log_to_stderr()
        self.home.make()
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with Owner(self.home, clock=self._clock) as owner, _lock(self.home):
                threads = [threading.Thread(target=self._guard, args=(part,)) for part in self._parts(owner)]
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

    def _parts(self, owner: Owner) -> list[Callable[[], None]]:
        """What runs beside the owner, each in a thread."""
        command = ["pipelines.processes.stream", str(self.home.root.resolve())]
        stream = Child("stream", command, self.home.run / "stream.log", self._stopping, hours=STREAM_HOURS)
        plan_at = None if self._is_scheduled else self._plan_at
        parts: list[Callable[[], None]] = [
            stream.run,
            _Builds(self.home, owner, self._build_seconds, plan_at, self._clock, self._stopping).run,
            Looks(self.home, owner, self._clock, self._stopping).run,
        ]
        if self._is_scheduled:
            # Behind all else: it starts when readers have their first version, and takes what time the others leave.
            scheduler = child_of(self.home, self._stopping, runs=_SCHEDULER_RUNS, niceness=_SCHEDULER_NICENESS)
            parts.append(lambda: scheduler.run(when=self.home.published_file.exists))
        return parts

    def _guard(self, work: Callable[[], None]) -> None:
        """A part that fails beyond its own care ends all: better than running on without it."""
        try:
            work()
        except Exception:
            log.exception("a part of parstock up failed")
            self._stopping.set()


class _Builds:
    """Brings the marts up to the ledger, and plans once a day unless the schedules do (`plan_at` null)."""

    def __init__(
        self, home: Home, owner: Owner, seconds: float, plan_at: Any, clock: Callable[[], datetime], stopping: threading.Event
    ) -> None:
        self._home, self._owner, self._seconds, self._plan_at, self._clock, self._stopping = home, owner, seconds, plan_at, clock, stopping
        self._refused_on: int | None = None
        self._validated_at = float("-inf")

    def run(self) -> None:
        from pipelines.build.process import MartsProcess

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
            standing = self._owner.ask("status")
            if not stages.is_built(self._home, standing["ledger_hash"]) and standing["commit_id"] != self._refused_on:
                self._build(process, standing["commit_id"])
            self._plan_if_due()
        except UserError as error:
            if not self._stopping.is_set():
                log.error("%s", error)
        self._validate_if_due()

    def _validate_if_due(self) -> None:
        """Have the library validate what the gates looked at, now and then."""
        from pipelines.quality.validating import start_validation, wait_for_validation

        is_due = time.monotonic() - self._validated_at >= _VALIDATION_SECONDS and not self._stopping.is_set()
        if is_due and (start_validation(self._home) or wait_for_validation(self._home)):
            self._validated_at = time.monotonic()

    def _build(self, process: Any, commit_id: int) -> None:
        """One build, and a look at the alerts after it. What a gate refused is not tried again before something new has come."""
        from pipelines.policies.check import check_policies
        from pipelines.quality.gates import GateBlocked

        try:
            check_policies()
            build = process.build()
            log.info("built %s on commit %s: %.1f s", build.name, build.commit_id, build.seconds_dbt + build.seconds_export)
        except GateBlocked:
            self._refused_on = commit_id
            raise
        finally:
            if not self._stopping.is_set():
                self._owner.ask("publish")
                stages.watch_alerts(self._home, self._owner, clock=self._clock)

    def _plan_if_due(self) -> None:
        """Once after the hour of the day; the instant planned for is that hour, so that a restart makes no second plan."""
        if self._plan_at is None:
            return
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
