"""The schedules and their page as standing processes: `python -m pipelines.processes.scheduler HOME`, started and ended by its parent.

Belongs here: Dagster's folder in the home, and its three processes: the code (assets, jobs, schedules), the daemon that
runs them by the clock, the page on loopback. Does not belong here: what is scheduled (`orchestration`), which Python of
ours never imports from here: it is named on the command line of the processes.

All of them are one process group. It ends when this process's stdin does: whoever started it is gone then, or wants
it to end. The page is read-only and answers to this machine's names alone, so it needs no login; jobs are started by
schedules, sensors and the command line.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from pipelines.errors import UserError
from pipelines.processes.children import PAUSE_SECONDS, Child, log_to_stderr
from pipelines.settings import PROJECT_ROOT, Home, Settings

log = logging.getLogger("parstock.scheduler")

CODE: Final = "orchestration.definitions"
LOOPBACK: Final = "127.0.0.1"
GRACE_SECONDS: Final = 8.0
"""What a run under way may take to say that it was stopped."""
_SOCKET_PATH_MAX: Final = 100

_INSTANCE: Final = """\
# Written by parstock at each start. https://docs.dagster.io/deployment/oss/oss-instance-configuration
telemetry:
  enabled: false
nux:
  enabled: false
storage:
  sqlite:
    base_dir: {folder}/storage
concurrency:
  pools:
    granularity: run  # a run that will use dbt waits until no other does
    default_limit: 1
  runs:
    max_concurrent_runs: {runs}
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 7200
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days: {{skipped: 1, success: 30, failure: 90}}
"""


def dagster_home(home: Home) -> Path:
    """Dagster's folder in the home (DAGSTER_HOME)."""
    return home.run / "dagster"


def write_instance(home: Home, *, runs: int = 1) -> Path:
    """Write `dagster.yaml`; returns DAGSTER_HOME.

    `runs`: how many may run side by side. More than one only where an owner stands: else each would start one, and take
    it away from the other when it ends.
    """
    folder = dagster_home(home.make()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(_INSTANCE.format(folder=json.dumps(str(folder))[1:-1], runs=runs), encoding="utf-8")
    return folder


def write_workspace(home: Home, code_socket: Path) -> Path:
    """Write where the daemon and the page find the code; returns the file."""
    path = dagster_home(home).resolve() / "workspace.yaml"
    path.write_text(f"load_from:\n  - grpc_server: {{socket: {json.dumps(str(code_socket))}, location_name: parstock}}\n", encoding="utf-8")
    return path


def environment(home: Home) -> dict[str, str]:
    """What the processes find in their environment: the home, Dagster's folder, no telemetry."""
    path = os.pathsep.join(dict.fromkeys(filter(None, [str(PROJECT_ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])))
    return {
        **os.environ, "PYTHONPATH": path, "PARSTOCK_HOME": str(home.root.resolve()), "DAGSTER_HOME": str(dagster_home(home).resolve()),
        "DAGSTER_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false",
    }  # fmt: skip


def commands(code_socket: Path, workspace: Path, port: int, code: str = CODE) -> dict[str, list[str]]:
    """The three processes by name, each a Python module and its arguments, in the order in which they start."""
    return {
        "code": ["dagster", "api", "grpc", "--socket", str(code_socket), "--module-name", code, "--working-directory", str(PROJECT_ROOT),
                 "--location-name", "parstock", "--lazy-load-user-code", "--log-level", "warning"],
        "daemon": ["dagster._daemon", "run", "--workspace", str(workspace)],
        "page": ["orchestration.page", "--workspace", str(workspace), "--host", LOOPBACK, "--port", str(port), "--read-only",
                 "--suppress-warnings", "--uvicorn-log-level", "warning"],
    }  # fmt: skip


def page_url(home: Home) -> str | None:
    """Where the page answers; null while it does not."""
    try:
        return str(json.loads((home.run / "serve.json").read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None


def is_served(home: Home) -> bool:
    """Whether a scheduler runs in this home."""
    try:
        with _lock(home):
            return False
    except UserError:
        return True


class _Processes:
    """The processes, each started again when it ends."""

    def __init__(self, home: Home, wanted: dict[str, list[str]], log_file: IO[bytes]) -> None:
        self._wanted, self._log_file, self._environment = wanted, log_file, environment(home)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._again_at: dict[str, float] = {}
        self._crashes: dict[str, int] = {}

    def start(self, name: str) -> None:
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", *self._wanted[name]], stdin=subprocess.DEVNULL, stdout=self._log_file, stderr=self._log_file,
            env=self._environment, cwd=PROJECT_ROOT,
        )  # fmt: skip

    def mend(self) -> None:
        """Start what has ended, after a pause that grows."""
        for name, process in self._running.items():
            if process.poll() is None:
                continue
            if name not in self._again_at:
                crashes = self._crashes.get(name, 0)
                self._crashes[name] = crashes + 1
                pause = PAUSE_SECONDS[min(crashes, len(PAUSE_SECONDS) - 1)]
                self._again_at[name] = time.monotonic() + pause
                log.warning("the %s ended (exit code %s), again in %g s", name, process.returncode, pause)
            elif time.monotonic() >= self._again_at[name]:
                del self._again_at[name]
                self.start(name)

    def wait(self, seconds: float) -> None:
        """Wait for all to end."""
        until = time.monotonic() + seconds
        while any(process.poll() is None for process in self._running.values()) and time.monotonic() < until:
            time.sleep(0.1)


def run(home: Home, stopping: threading.Event, *, port: int, runs: int, code: str = CODE) -> None:
    """Run the processes until told to stop. Raises UserError when another scheduler runs in this home."""
    from pipelines.marts.manifest import manifest_of

    with _lock(home.make()), _socket_of(home) as code_socket, (home.run / "scheduler.log").open("ab") as log_file:
        (home.run / "serve.json").unlink(missing_ok=True)
        write_instance(home, runs=runs)
        manifest_of(home)  # parsed here, once, so that no process that loads the code has to
        free = free_port(port)
        processes = _Processes(home, commands(code_socket, write_workspace(home, code_socket), free, code), log_file)
        try:
            processes.start("code")
            while not _answers(code_socket) and not stopping.wait(0.2):
                processes.mend()
            for name in ("daemon", "page"):
                processes.start(name)
            _watch(home, processes, free, stopping)
        finally:
            (home.run / "serve.json").unlink(missing_ok=True)
            os.killpg(0, signal.SIGTERM)
            processes.wait(GRACE_SECONDS)


def child_of(home: Home, stopping: threading.Event, *, port: int = 0, runs: int = 1, niceness: int = 0) -> Child:
    """The scheduler as a standing child; `port` 0 is the setting's."""
    command = ["pipelines.processes.scheduler", str(home.root.resolve()), str(port), str(runs), str(niceness)]
    return Child("scheduler", command, home.run / "scheduler.log", stopping, is_group=True, grace_seconds=GRACE_SECONDS + 4)


def serve_until_stopped(home: Home, *, port: int, as_of: datetime | None) -> None:
    """Run a scheduler until SIGTERM or Ctrl-C; prints where its page is. Raises UserError when one runs already."""
    if is_served(home.make()):
        raise UserError("the schedules of this home are already running", where=page_url(home) or str(home.run), exit_code=3)
    (home.run / "serve.json").unlink(missing_ok=True)  # of one that was killed
    log_to_stderr()
    if as_of is not None:
        os.environ["PARSTOCK_AS_OF"] = as_of.isoformat()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    thread = threading.Thread(target=child_of(home, stopping, port=port).run)
    thread.start()
    print("starting; Ctrl-C ends it", file=sys.stderr)
    while not stopping.wait(0.2) and (url := page_url(home)) is None:
        pass
    if not stopping.is_set():
        print(url, flush=True)
    stopping.wait()
    thread.join()


def _watch(home: Home, processes: _Processes, port: int, stopping: threading.Event) -> None:
    is_told = False
    while not stopping.wait(0.5):
        processes.mend()
        if not is_told and _page_answers(port):
            told = home.run / "serve.json.tmp"
            told.write_text(json.dumps({"url": f"http://{LOOPBACK}:{port}", "port": port, "pid": os.getpid()}), encoding="utf-8")
            told.rename(home.run / "serve.json")
            log.info("http://%s:%s", LOOPBACK, port)
            is_told = True


def free_port(port: int) -> int:
    """The port, or the next one that nobody has on loopback. Raises UserError (exit code 3) after fifty."""
    for candidate in range(port, port + 50):
        with contextlib.suppress(OSError), socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind((LOOPBACK, candidate))
            return candidate
    raise UserError(f"ports {port} to {port + 49} are all in use", next_step="PARSTOCK_SCHEDULER_PORT=…", exit_code=3)


def _page_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/server_info", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _answers(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as attempt:
        attempt.connect(str(path))
        return True
    return False


@contextlib.contextmanager
def _socket_of(home: Home) -> Iterator[Path]:
    """A place for the code's socket: in the home, or in a folder of nobody else's where the home's path is too long for one."""
    path = home.run.resolve() / "dagster.sock"
    if len(str(path)) <= _SOCKET_PATH_MAX:
        path.unlink(missing_ok=True)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="parstock-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "dagster.sock"


@contextlib.contextmanager
def _lock(home: Home) -> Iterator[None]:
    home.run.mkdir(parents=True, exist_ok=True)
    with (home.run / "scheduler.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("the schedules of this home are already running", where=page_url(home) or str(home.run), exit_code=3) from None
        yield


def main(arguments: Sequence[str]) -> None:
    """`HOME PORT RUNS NICENESS [MODULE]`: run until stdin ends; `MODULE` holds other definitions than ours."""
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s  %(message)s", level=logging.INFO)
    home, port, runs, niceness = Home(Path(arguments[0])), *(int(argument) for argument in arguments[1:4])
    if os.getpgrp() != os.getpid():  # started by hand: whoever did is not of the group that ends with this process
        os.setpgid(0, 0)
    os.nice(niceness)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    def listen() -> None:
        while os.read(0, 1024):
            pass
        stopping.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        run(home, stopping, port=port or Settings().scheduler_port, runs=runs, code=arguments[4] if len(arguments) > 4 else CODE)
    finally:
        logging.shutdown()
        os.killpg(0, signal.SIGKILL)  # whatever of the group is left, this process last


if __name__ == "__main__":
    main(sys.argv[1:])
