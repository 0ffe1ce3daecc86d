"""Builds in a process of their own, as who asks for them sees it. The other end is `pipelines.build.serving`.

Belongs here: finding that process or starting it, asking, and letting it go. Does not belong here: what a build is (`build`),
or how long the process stays (`serving`).

One stands per home: it waits a while for the next command, which then need not load dbt and the project again. While it
is busy, or where it loaded something else, another is started, for its one asker alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from pipelines.errors import UserError
from pipelines.ledger.instants import system_clock
from pipelines.marts.build_files import MartsBuild, load_build
from pipelines.meeting import meet
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT, Home, Settings

Clock = Callable[[], dt.datetime]
Progress = Callable[[int, int, str], None]
DOOR: Final = "build"
NICENESS: Final = 10
"""Of a process that builds behind standing ones; for a command, whose user waits, it is 0."""
ALIVE_SECONDS: Final = 5.0
"""A process that owes an answer says so often that it is alive."""
SILENT_SECONDS: Final = 60.0
"""One that has said nothing for so long was stopped, or hangs: it is ended, and another one builds."""
_HELLO_SECONDS: Final = 5.0
_END_SECONDS: Final = 10.0


class _Hangs(Exception):
    """The process owes an answer and says nothing."""


@contextlib.contextmanager
def builder_of(home: Home, *, clock: Clock, settings: Settings | None = None) -> Iterator[Callable[..., MartsBuild]]:
    """What builds for one command: `build_marts` less home and clock, in a process that begins to load now.

    With the setting `build_process` off it is `build_marts` itself.
    """
    settings = settings or Settings()
    if settings.build_process == "off":
        from pipelines.build.build import build_marts

        yield functools.partial(build_marts, home, clock=clock)
        return
    with MartsProcess(home, clock=clock, niceness=0, stays_seconds=settings.build_process_seconds) as process:
        process.warm()
        yield process.build


class MartsProcess:
    """A process that builds on demand; the second build of one process is a warm one. One caller at a time.

    Use it as a context manager: `parstock up` keeps it for as long as it runs. `clock` says when the gates looked;
    `stays_seconds` how long the process may wait for another caller afterwards, 0: it ends with this one.
    """

    def __init__(
        self, home: Home, *, project: Path = DBT_PROJECT, clock: Clock = system_clock, niceness: int = NICENESS, stays_seconds: float = 0.0
    ) -> None:
        self.home, self.project, self._clock, self._niceness, self._stays_seconds = home, project, clock, niceness, stays_seconds
        self._connection: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def warm(self) -> None:
        """Have the process load what its first build needs, if there is none yet; returns at once."""
        if self._connection is None:
            self._ask({"warm": True})

    def pid(self) -> int:
        """The process that answers, started when there is none; it loads nothing for this."""
        return int(self._answer({"pid": True}, None)["pid"])

    def build(self, *, select: Sequence[str] = (), full_refresh: bool = False, on_progress: Progress | None = None) -> MartsBuild:
        """Like `build_marts`, in the other process, which is started when there is none. Raises the same UserErrors."""
        request = {"select": list(select), "full_refresh": full_refresh, "now": self._clock().isoformat()}
        answer = self._answer(request, on_progress)
        if "stale" in answer:  # what it has loaded is not what there is now: it has ended
            self._let_go()
            self._connection = self._started()
            answer = self._answer(request, on_progress)
        if "blocked" in answer:
            from pipelines.quality.gates import GateBlocked, GateRun

            raise GateBlocked([GateRun.from_json(run) for run in answer["blocked"]])
        if "error" in answer:
            raise UserError(**answer["error"])
        return _build_of(self.home, answer)

    def close(self) -> None:
        """Let the process go; a build under way ends with it and leaves what readers see as it was."""
        process = self._process
        self._let_go()
        if process is not None and self._stays_seconds <= 0:
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _let_go(self) -> None:
        connection, self._connection, self._process, self._pid = self._connection, None, None, None
        if connection is not None:
            # Closing alone is not heard at the other end while another thread of ours still reads.
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _answer(self, request: dict[str, Any], on_progress: Progress | None) -> dict[str, Any]:
        """The last word on a request; where the process hangs, that of another one."""
        try:
            return self._heard(self._ask(request), on_progress)
        except _Hangs:
            self._end_hanging()
            self._connection = self._started()
        try:
            return self._heard(self._ask(request), on_progress)
        except _Hangs:
            self._end_hanging()
            raise self._died() from None

    def _heard(self, connection: Connection, on_progress: Progress | None) -> dict[str, Any]:
        try:
            while connection.poll(SILENT_SECONDS):
                answer = json.loads(connection.recv_bytes())
                if "progress" in answer and on_progress:
                    on_progress(*answer["progress"])
                if not answer.keys() & {"progress", "alive"}:
                    return dict(answer)
        except (EOFError, OSError):
            raise self._died() from None
        raise _Hangs

    def _end_hanging(self) -> None:
        """End the process that says nothing: it may hold the build lock, and a stopped one hears of nothing else."""
        pid, process = self._pid, self._process
        self._let_go()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if process is not None:
            process.wait()

    def _ask(self, request: dict[str, Any]) -> Connection:
        """Send a request; returns the connection that will answer."""
        for is_last in (False, True):
            if self._connection is None:
                self._connection = self._found() or self._started()
            try:
                self._connection.send_bytes(json.dumps(request).encode())
                return self._connection
            except OSError:  # it has ended since it was asked last
                if is_last:
                    raise self._died() from None
                self._let_go()
        raise AssertionError  # for the type checker: the loop returns or raises

    def _found(self) -> Connection | None:
        """The home's standing process, where it is free and has loaded what this one would. One that does not answer is left alone."""
        try:
            connection, told = meet(self.home, DOOR, wait_seconds=_HELLO_SECONDS)
        except LookupError:
            return None
        is_other = told.get("identity") != identity_of(self.project)
        with contextlib.suppress(OSError, EOFError, ValueError):
            hello: dict[str, Any] = {"end": True} if is_other else {"stays_seconds": self._stays_seconds, "niceness": self._niceness}
            connection.send_bytes(json.dumps(hello).encode())
            if connection.poll(_HELLO_SECONDS) and json.loads(connection.recv_bytes()).get("free"):
                self._pid = int(told["pid"])
                return connection
        connection.close()
        return None

    def _started(self) -> Connection:
        """A new process. Its connection is a pair of sockets, so that it ends with this process however that ends."""
        log = self.home.run / "dbt" / "process.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
        ours, theirs = socket.socketpair()
        arguments = [theirs.fileno(), self.home.root.resolve(), self.project.resolve(), self._niceness, self._stays_seconds]
        with theirs, log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.build.serving", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                pass_fds=[theirs.fileno()], start_new_session=True, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
        self._pid = self._process.pid
        return Connection(ours.detach())

    def _died(self) -> UserError:
        """The process went away without an answer."""
        process = self._process
        self._let_go()
        code = process.wait() if process else None
        return UserError(
            "the process that builds the marts ended without an answer",
            where=f"exit code {code}",
            next_step=f"more in {self.home.run / 'dbt' / 'process.log'}",
            exit_code=3,
        )


def identity_of(project: Path) -> str:
    """What a process was started with and keeps: this installation, this project, and the settings in its environment."""
    settings = sorted(
        (name, value) for name, value in os.environ.items() if name.startswith(("PARSTOCK_", "DBT_")) and name != "PARSTOCK_HOME"
    )
    folder = str(Path.cwd()) if any(name == "PARSTOCK_POLICY_DIR" for name, _ in settings) else ""
    path = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part not in ("", str(PROJECT_ROOT))]
    parts = [sys.executable, sys.version, str(PROJECT_ROOT), str(project.resolve()), path, folder, settings]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _build_of(home: Home, answer: dict[str, Any]) -> MartsBuild:
    """The build that an answer tells of; its relations are read from its folder."""
    figures = {"nodes": answer["nodes"], "seconds_dbt": answer["seconds_dbt"], "seconds_export": answer["seconds_export"]}
    if answer["folder"]:
        return dataclasses.replace(load_build(home.marts / answer["name"]), **figures)
    return MartsBuild("", None, answer["commit_id"], answer["ledger_hash"], dt.datetime.fromisoformat(answer["built_at"]), **figures)
