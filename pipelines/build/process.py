"""Builds in a process of their own: `python -m pipelines.build.process HOME PROJECT`.

Belongs here: both ends of that process. It answers one line of JSON for each line it is asked on stdin, keeps dbt's
project parsed in between, and dies with whoever started it. Does not belong here: what a build is (`marts`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pipelines.build.build import Clock, Progress, build_marts
from pipelines.errors import UserError
from pipelines.ledger.instants import system_clock
from pipelines.marts.build_files import MartsBuild, load_build
from pipelines.quality.gates import GateBlocked, GateRun
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT, Home

_NICENESS = 10


class MartsProcess:
    """A niced process that builds on demand; the second build of one process is a warm one.

    Use it as a context manager. One caller at a time; `parstock up` keeps one for as long as it runs. `clock` says when
    the gates looked. What dbt loads takes seconds: the process does it once.
    """

    def __init__(self, home: Home, *, project: Path = DBT_PROJECT, clock: Clock = system_clock) -> None:
        self.home, self.project, self._clock = home, project, clock
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def warm(self) -> None:
        """Have the process load what its first build needs, if there is none yet; returns at once."""
        if self._process is None or self._process.poll() is not None:
            self._ask({"warm": True})

    def build(self, *, select: Sequence[str] = (), full_refresh: bool = False, on_progress: Progress | None = None) -> MartsBuild:
        """Like `build_marts`, in the other process, which is started when there is none. Raises the same UserErrors."""
        process = self._ask({"select": list(select), "full_refresh": full_refresh, "now": self._clock().isoformat()})
        assert process.stdout is not None
        for line in process.stdout:
            answer = json.loads(line)
            if "progress" in answer:
                if on_progress:
                    on_progress(*answer["progress"])
            elif "blocked" in answer:
                raise GateBlocked([GateRun.from_json(run) for run in answer["blocked"]])
            elif "error" in answer:
                raise UserError(**answer["error"])
            else:
                return _from_answer(self.home, answer)
        raise self._died()

    def close(self) -> None:
        """End the process; a build under way ends with it and leaves what readers see as it was."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def _ask(self, request: dict[str, Any]) -> subprocess.Popen[str]:
        """Send one line; returns the process that will answer."""
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        return process

    def _running(self) -> subprocess.Popen[str]:
        """The process, started if it is not there."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            log = self.home.run / "dbt" / "process.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
            environment = {**os.environ, "PYTHONPATH": path}
            with log.open("ab") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "pipelines.build.process", str(self.home.root.resolve()), str(self.project.resolve())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env=environment,
                )
        return self._process

    def _died(self) -> UserError:
        """The process went away without an answer."""
        code = self._process.wait() if self._process else None
        self.close()
        return UserError(
            "the process that builds the marts ended without an answer",
            where=f"exit code {code}",
            next_step=f"more in {self.home.run / 'dbt' / 'process.log'}",
            exit_code=3,
        )


def _from_answer(home: Home, answer: dict[str, Any]) -> MartsBuild:
    """The build that an answer tells of; its relations are read from its folder."""
    figures = {"nodes": answer["nodes"], "seconds_dbt": answer["seconds_dbt"], "seconds_export": answer["seconds_export"]}
    if answer["folder"]:
        return dataclasses.replace(load_build(home.marts / answer["name"]), **figures)
    return MartsBuild("", None, answer["commit_id"], answer["ledger_hash"], dt.datetime.fromisoformat(answer["built_at"]), **figures)


def _answer(build: MartsBuild) -> dict[str, Any]:
    """A build as one line; what lies in its folder is left out."""
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


def _serve(home: Home, project: Path, answers: IO[str]) -> None:
    """Build once for each line on stdin that asks for it, until stdin ends."""
    asked: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            asked.put(line)
        # stdin ends when whoever started us is gone, killed or not: a build nobody waits for must not go on.
        os._exit(0)

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    threading.Thread(target=listen, daemon=True).start()
    while True:
        request = json.loads(asked.get())
        if "warm" in request:
            warm(home, project)
            continue
        now = dt.datetime.fromisoformat(request.pop("now"))
        try:
            say(_answer(build_marts(
                home, **request, project=project, on_progress=lambda *step: say({"progress": step}), clock=functools.partial(_at, now)
            )))  # fmt: skip
        except GateBlocked as blocked:
            say({"blocked": [run.to_json() for run in blocked.runs]})
        except UserError as error:
            say({"error": {"what": error.what, "where": error.where, "next_step": error.next_step, "exit_code": error.exit_code}})


def warm(home: Home, project: Path) -> None:
    """Load dbt and the project. What is wrong with the project is left for the build to say."""
    from pipelines.marts.dbt import parse_project

    with contextlib.suppress(UserError):
        parse_project(home, project)


def _at(instant: dt.datetime) -> dt.datetime:
    """A clock that stands: when the build was asked for."""
    return instant


def main() -> None:
    """The process's own end: answers go to the real stdout, everything that libraries print goes to stderr."""
    os.nice(_NICENESS)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _serve(Home(Path(sys.argv[1])), Path(sys.argv[2]), answers)


if __name__ == "__main__":
    main()
