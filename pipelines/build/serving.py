"""The process that builds: `python -m pipelines.build.serving FD HOME PROJECT NICENESS STAYS_SECONDS`.

Belongs here: its answers and its end. Does not belong here: what a build is (`build`), or who starts it (`process`).

It answers each request in JSON on the connection it came from: the pair of sockets of who started it (FD), later whoever
finds its door. Between builds it holds neither the build lock nor an open database. It ends when nothing was asked of it
for as long as its last caller said, when what it has loaded is no longer what there is (the project, a policy, the product's own
files, a package's version), and when its home has gone. Whoever goes away while it builds takes it along: a build that nobody
waits for must not go on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import functools
import json
import os
import queue
import sys
import threading
import time
import traceback
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NoReturn

from pipelines.build.process import ALIVE_SECONDS, DOOR, identity_of
from pipelines.errors import UserError
from pipelines.marts.build_files import MartsBuild
from pipelines.meeting import Door
from pipelines.settings import PROJECT_ROOT, Home, policy_folder

LOOK_SECONDS: Final = 1.0
"""How often it looks, while nobody asks, whether it should still be there."""
_GOING_SECONDS: Final = 0.2
"""What a caller may take to be gone when the next one is there already: a command after another."""
_SAYING: Final = threading.Lock()
_NO_PART: Final = frozenset({"target", "logs", "dbt_packages", "__pycache__"})
_PACKAGES: Final = ("dbt-core", "dbt-duckdb", "duckdb")


class Server:
    """One process's life. Requests are worked on one after another in its main thread; others only listen."""

    def __init__(self, home: Home, project: Path, caller: Connection, stays_seconds: float) -> None:
        self._home, self._project = home, project
        self._requests: queue.Queue[tuple[Connection, dict[str, Any]]] = queue.Queue()
        self._lock = threading.Lock()
        self._caller: Connection | None = caller
        self._is_building = False
        self._owed: Connection | None = None
        self._idle_since = time.monotonic()
        self._loaded = marks_of(project)
        self._door = self._opened()
        self._stays_seconds = stays_seconds if self._door else 0.0
        threading.Thread(target=self._listen, args=(caller,), daemon=True).start()
        threading.Thread(target=self._say_alive, daemon=True).start()
        if self._door is not None:
            threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def serve(self) -> NoReturn:
        """Work until there is a reason to end."""
        while True:
            try:
                caller, request = self._requests.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                self._end_if_due()
                continue
            if "warm" in request:
                warm(self._home, self._project)
                self._end_if_due()
            elif "pid" in request:
                self._owed = None
                _say(caller, {"pid": os.getpid()})
            else:
                self._build(caller, request)

    # ---- its callers (threads that listen) -----------------------------------------------------------------

    def _opened(self) -> Door | None:
        """The home's door, where no other process has it: held by a lock that ends with this process."""
        self._held = (self._home.run / "build_process.lock").open("a")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        return Door(self._home, DOOR, identity=identity_of(self._project))

    def _accept(self, door: Door) -> None:
        while (connection := door.accept()) is not None:
            threading.Thread(target=self._greet, args=(connection,), daemon=True).start()

    def _greet(self, connection: Connection) -> None:
        """Take a caller if there is none, and listen to it until it goes."""
        with contextlib.suppress(OSError, EOFError, ValueError):
            hello = json.loads(connection.recv_bytes())
            until = time.monotonic() + _GOING_SECONDS
            while self._caller is not None and time.monotonic() < until:
                time.sleep(0.01)
            with self._lock:
                is_free = self._caller is None
                if "end" in hello or (is_free and self._is_stale()):
                    if is_free:
                        self._end()
                    is_free = False
                if is_free:
                    self._caller, self._stays_seconds = connection, float(hello["stays_seconds"])
                    os.nice(max(0, int(hello["niceness"]) - os.nice(0)))
            _say(connection, {"free": is_free})
            if is_free:
                self._listen(connection)
                return
        connection.close()

    def _listen(self, connection: Connection) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                request = json.loads(connection.recv_bytes())
                self._owed = None if "warm" in request else connection
                self._requests.put((connection, request))
        with self._lock:
            if self._is_building or self._stays_seconds <= 0:
                self._end()
            self._caller, self._idle_since = None, time.monotonic()

    def _say_alive(self) -> None:
        """Let whoever waits for an answer know that one will come; a process that was stopped does not."""
        while True:
            time.sleep(ALIVE_SECONDS)
            if (caller := self._owed) is not None:
                _say(caller, {"alive": True})

    # ---- its work (main thread) ----------------------------------------------------------------------------

    def _build(self, caller: Connection, request: dict[str, Any]) -> None:
        with self._lock:
            if self._is_stale():
                self._owed = None
                _say(caller, {"stale": True})
                self._end()
            if self._caller is not caller:
                return  # it has gone without waiting
            self._is_building = True
        answer = built(self._home, self._project, request, lambda *step: _say(caller, {"progress": step}))
        with self._lock:
            self._is_building, self._owed = False, None
            _say(caller, answer)

    def _end_if_due(self) -> None:
        with self._lock:
            if self._caller is None and self._requests.empty():
                is_due = time.monotonic() - self._idle_since >= self._stays_seconds
                if is_due or self._is_stale() or self._door is None or not self._door.is_told:
                    self._end()

    def _is_stale(self) -> bool:
        return marks_of(self._project) != self._loaded

    def _end(self) -> NoReturn:
        """End now: dbt and the engine leave threads behind that would hold the interpreter back."""
        if self._door is not None:
            self._door.close()
        os._exit(0)


def built(home: Home, project: Path, request: dict[str, Any], on_progress: Any) -> dict[str, Any]:
    """Build as asked, and what came of it, in the words of the answer."""
    from pipelines.build.build import build_marts
    from pipelines.quality.gates import GateBlocked

    now = dt.datetime.fromisoformat(request["now"])
    try:
        build = build_marts(
            home, select=request["select"], full_refresh=request["full_refresh"], project=project, on_progress=on_progress,
            clock=functools.partial(_at, now),
        )  # fmt: skip
    except GateBlocked as blocked:
        return {"blocked": [run.to_json() for run in blocked.runs]}
    except UserError as error:
        return {"error": {"what": error.what, "where": error.where, "next_step": error.next_step, "exit_code": error.exit_code}}
    return _told(build)


def warm(home: Home, project: Path) -> None:
    """Load dbt, the project and the gates. What is wrong with the project is left for the build to say."""
    import polars  # noqa: F401  # with which the gates write what they found
    import pyarrow  # noqa: F401

    import pipelines.build.build
    import pipelines.quality.gates  # noqa: F401
    from pipelines.marts.dbt import load_dbt, parse_project

    load_dbt()
    with contextlib.suppress(UserError):
        parse_project(home, project)


def marks_of(project: Path) -> int:
    """What changes when a file of the project, a policy, the product's own code or a package that builds does."""
    folders = dict.fromkeys((project, PROJECT_ROOT / "pipelines", policy_folder(project)))
    found: list[object] = [version(name) for name in _PACKAGES]
    for top in folders:
        for folder, names, files in os.walk(top):
            names[:] = sorted(name for name in names if name not in _NO_PART and not name.startswith("."))
            for name in sorted(files):
                with contextlib.suppress(FileNotFoundError):
                    marks = (Path(folder) / name).stat()
                    found.append((folder, name, marks.st_size, marks.st_mtime_ns))
    return hash(tuple(found))


def _say(caller: Connection, answer: dict[str, Any]) -> None:
    """Send an answer, whole: dbt tells of its progress from several threads."""
    with _SAYING, contextlib.suppress(OSError):  # who has gone need not be told; its listener sees to the rest
        caller.send_bytes(json.dumps(answer).encode())


def _told(build: MartsBuild) -> dict[str, Any]:
    """A build as an answer; what lies in its folder is left out."""
    return {
        "name": build.name,
        "folder": build.folder is not None,
        "commit_id": build.commit_id,
        "ledger_hash": build.ledger_hash,
        "built_at": build.built_at.isoformat(),
        "nodes": build.nodes,
        "seconds_dbt": build.seconds_dbt,
        "seconds_export": build.seconds_export,
    }


def _at(instant: dt.datetime) -> dt.datetime:
    """A clock that stands: when the build was asked for."""
    return instant


def main() -> None:
    """Serve who started this process, and whoever comes after."""
    descriptor, home, project, niceness, stays_seconds = sys.argv[1:]
    os.nice(int(niceness))
    try:
        Server(Home(Path(home)), Path(project), Connection(int(descriptor)), float(stays_seconds)).serve()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # whoever waits must hear of it, and threads that are left would hold the interpreter back


if __name__ == "__main__":
    main()
