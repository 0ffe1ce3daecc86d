"""A scheduler for the tests: its processes, its runs, its page.

Belongs here: starting and asking. Does not belong here: claims (the tests).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import DagsterInstance, DagsterRunStatus

from pipelines.processes.scheduler import dagster_home, environment, page_url
from pipelines.settings import Home

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Served:
    """A home with its schedules running."""

    home: Home
    process: subprocess.Popen[bytes]
    instance: DagsterInstance
    url: str

    def launch(self, job: str) -> None:
        """Put a run into the queue, from where the daemon takes it."""
        from click.testing import CliRunner
        from dagster._cli.job import job_launch_command

        workspace = dagster_home(self.home).resolve() / "workspace.yaml"
        done = CliRunner(env={"DAGSTER_HOME": str(dagster_home(self.home).resolve())}).invoke(
            job_launch_command, ["--workspace", str(workspace), "--location", "parstock", "--job", job], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output

    def finished(self) -> dict[str, DagsterRunStatus]:
        """The newest run of each job that has ended."""
        return {run.job_name: run.status for run in reversed(self.instance.get_runs()) if run.is_finished}

    def log(self) -> str:
        """What the processes last said."""
        return (self.home.run / "scheduler.log").read_text(errors="replace")[-6000:]

    def ask(self, query: str, *, method: str = "POST", host: str = "") -> tuple[int, Any]:
        """Ask the page's GraphQL; returns the status and the answer."""
        from urllib.parse import urlencode

        address = f"{self.url}/graphql"
        request = (
            urllib.request.Request(address, json.dumps({"query": query}).encode(), {"Content-Type": "application/json"})
            if method == "POST"
            else urllib.request.Request(f"{address}?{urlencode({'query': query})}")
        )
        if host:
            request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")


@contextlib.contextmanager
def serving(home: Home, *, module: str, runs: int = 1, **settings: str) -> Iterator[Served]:
    """Start a home's schedules, wait for the page, and end them."""
    command = [sys.executable, "-m", "pipelines.processes.scheduler", str(home.root), "3300", str(runs), "0", module]
    with (home.run / "scheduler.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment(home) | settings, start_new_session=True
        )
    try:
        wait_for(lambda: page_url(home) is not None or process.poll() is not None, 180)
        url = page_url(home)
        assert url is not None, (home.run / "scheduler.log").read_text()[-4000:]
        with DagsterInstance.from_config(str(dagster_home(home).resolve())) as instance:
            yield Served(home, process, instance, url)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(is_so: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.5)
