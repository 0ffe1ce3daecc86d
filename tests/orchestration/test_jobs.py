"""The five jobs on the small distributor's home, through the daemon: four from the queue, one because its time has come; and the page beside them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from dagster import AssetKey, DagsterRunStatus

from orchestration.jobs import JOB_NAMES
from pipelines.owner.owner import Owner
from pipelines.processes.heartbeat import beat
from pipelines.publish.reader import run_sql
from pipelines.settings import Home
from tests.conftest import SMALL_AS_OF
from tests.orchestration.daemon import ROOT, Served, serving, wait_for

pytestmark = pytest.mark.timeout(900)
TICKED = "safety_stock_refresh"


@pytest.fixture(scope="module")
def served(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A copy of the small distributor's home with an owner (here, as in `parstock up`) and its schedules; one of them is due every third minute.

    Not at one minute only: on a busy machine the daemon may first look after it, and what was due before does not count.
    """
    home = Home(tmp_path_factory.mktemp("jobs") / "home")
    shutil.copytree(small_home, home.root)
    for part in ("stream", "builds"):  # as if `parstock up` did its part: nothing is asked for that the test did not ask
        beat(home, part, silent_seconds_max=3600)
    as_of = datetime.fromisoformat(SMALL_AS_OF)
    with Owner(home, clock=lambda: as_of), serving(
        home, module="tests.orchestration.soon", runs=2, PARSTOCK_AS_OF=SMALL_AS_OF, PARSTOCK_TEST_CRON="*/3 * * * *"
    ) as running:  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def ran(served: Served) -> Served:
    """All five have run."""
    for job in JOB_NAMES:
        if job != TICKED:
            served.launch(job)
    try:
        wait_for(lambda: set(served.finished()) == set(JOB_NAMES), 600)
    except AssertionError:
        raise AssertionError(f"{served.finished()}\n{served.log()}") from None
    return served


def test_each_job_runs_green_through_the_daemon(ran: Served) -> None:
    failures = {
        run.job_name: [
            entry.message for entry in ran.instance.all_logs(run.run_id) if entry.dagster_event and entry.dagster_event.is_failure
        ]
        for run in ran.instance.get_runs()
    }
    assert ran.finished() == dict.fromkeys(JOB_NAMES, DagsterRunStatus.SUCCESS), failures


def test_a_tick_of_the_schedule_started_its_run(ran: Served) -> None:
    runs = [run for run in ran.instance.get_runs() if run.job_name == TICKED]
    assert {run.tags["dagster/schedule_name"] for run in runs} == {f"{TICKED}_daily"}


def test_figures_are_kept_with_what_was_made(ran: Served) -> None:
    rows = dict(
        run_sql(
            ran.home,
            "select 'stock.daily', count(*) from stock.daily union all select 'plan.safety_stock', count(*) from plan.safety_stock",
        ).rows
    )
    for name, count in rows.items():
        event = ran.instance.get_latest_materialization_event(AssetKey(name.split(".")))
        assert event is not None and event.asset_materialization is not None
        assert event.asset_materialization.metadata["dagster/row_count"].value == count
    observed = ran.instance.get_event_records_of(AssetKey(["feeds", "pos"])) if hasattr(ran.instance, "get_event_records_of") else None
    assert observed is None or observed
    build = ran.instance.get_latest_materialization_event(AssetKey(["publish", "marts_build"]))
    assert build is not None and build.asset_materialization is not None
    assert build.asset_materialization.metadata["seconds"].value > 0


def test_the_page_changes_nothing(ran: Served) -> None:
    status, answer = ran.ask("{ version }")
    assert status == 200 and answer["data"]["version"]
    mutation = 'mutation { reloadRepositoryLocation(repositoryLocationName: "parstock") { __typename } }'
    for query in (mutation, "mutation { setNuxSeen }"):
        for method in ("POST", "GET"):
            status, answer = ran.ask(query, method=method)
            assert "not configured to execute mutation" in str(answer), (method, status, answer)


def test_the_page_answers_to_names_of_this_machine_only(ran: Served) -> None:
    assert ran.ask("{ version }", host="rebound.example")[0] == 400
    assert ran.ask("{ version }", host="localhost:3300")[0] == 200


def listening_of(process: psutil.Process) -> list[Any]:
    """Addresses that a process listens on; none of one that has ended since it was found, as a run's do."""
    try:
        return [one.laddr for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    except psutil.NoSuchProcess:
        return []


def test_only_loopback_listens(ran: Served) -> None:
    processes = [psutil.Process(ran.process.pid), *psutil.Process(ran.process.pid).children(recursive=True)]
    listening = [address for process in processes for address in listening_of(process)]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert len(listening) == 1  # the code talks over a socket in the home


@pytest.mark.timeout(300)
def test_up_runs_the_scheduler_behind_everything_else_and_takes_it_along(small_home: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(small_home, home.root)
    with (tmp_path / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", "up", "--home", str(home.root)], cwd=ROOT, stdout=log, stderr=log,
            env={**os.environ, "PARSTOCK_SCHEDULER": "on", "PARSTOCK_SCHEDULER_PORT": "3400"},
        )  # fmt: skip
    found: list[psutil.Process] = []
    try:
        wait_for(lambda: process.poll() is not None or (home.run / "serve.json").exists(), 200)
        found = psutil.Process(process.pid).children(recursive=True)
        pages = [each for each in found if "orchestration.page" in each.cmdline()]
        assert [each.nice() for each in pages] == [19]
    finally:
        process.send_signal(signal.SIGKILL)  # however it dies
        process.wait()
        left = psutil.wait_procs(found, timeout=30)[1]
        for each in left:
            each.kill()
    assert left == []
