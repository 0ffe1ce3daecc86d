"""The process that builds: the next command finds it, it holds nothing meanwhile, and it ends when it should."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipelines.build import serving
from pipelines.build.build import build_lock
from pipelines.build.process import MartsProcess, builder_of
from pipelines.errors import UserError
from pipelines.settings import Home, Settings
from tests.worlds.small_marts import NOON, make_home, movement, write_ledger
from tests.worlds.tiny_dbt import write_project

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = make_home(tmp_path / "home")
    yield made
    for process in psutil.Process().children():
        process.kill()  # what a failing test has left
        process.wait()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "dbt")


def left_standing(home: Home, project: Path, seconds: float = 60.0) -> psutil.Process:
    """A process after its first caller has gone."""
    with MartsProcess(home, project=project, stays_seconds=seconds) as caller:
        return psutil.Process(caller.pid())


def has_ended(process: psutil.Process, seconds: float = 20.0) -> bool:
    """Whether it ends in time; a child that has ended waits to be looked at."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_the_next_command_builds_in_the_process_of_the_one_before_which_holds_nothing_meanwhile(home: Home, project: Path) -> None:
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    with MartsProcess(home, project=project, stays_seconds=60) as first:
        cold = first.build()
        process = psutil.Process(first.pid())

    with build_lock(home, wait_seconds=1):
        assert [file.path for file in process.open_files() if "warehouse" in file.path] == []
    write_ledger(home, commit=2, rows={"movements": [movement(2, 5, 2)]}, name="b")
    with MartsProcess(home, project=project, stays_seconds=0) as second:
        warm = second.build()
        assert second.pid() == process.pid

    assert (cold.name, warm.name) == ("000001-c1", "000002-c2")
    assert warm.seconds_dbt < cold.seconds_dbt
    assert has_ended(process), "the last caller said that it need not stay"


def test_it_ends_when_nothing_was_asked_for_long_enough(home: Home, project: Path) -> None:
    process = left_standing(home, project, seconds=1.5)
    assert process.is_running()
    assert has_ended(process)
    assert not (home.run / "build.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda home, project: (project / "models" / "on_hand.sql").write_text("select 1 as item_id"),
        lambda home, project: (project / "seeds" / "buffers.csv").write_text("item_id,buffer_units\n1,30\n"),
        lambda home, project: home.root.rename(home.root.with_name("elsewhere")),
        lambda home, project: (home.run / "build.json").unlink(),
    ],
    ids=["model", "policy", "home", "door"],
)
def test_it_ends_when_there_is_something_else_or_nothing(home: Home, project: Path, change: Callable[[Home, Path], object]) -> None:
    process = left_standing(home, project)
    assert process.is_running()
    change(home, project)
    assert has_ended(process)


def test_files_elsewhere_and_versions_are_part_of_what_it_has_loaded(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "product" / "pipelines").mkdir(parents=True)
    (tmp_path / "policies").mkdir()
    monkeypatch.setattr(serving, "PROJECT_ROOT", tmp_path / "product")
    monkeypatch.setenv("PARSTOCK_POLICY_DIR", str(tmp_path / "policies"))
    seen = {serving.marks_of(project)}
    (tmp_path / "product" / "pipelines" / "more.py").write_text("")
    seen.add(serving.marks_of(project))
    (tmp_path / "policies" / "policy__buffers.csv").write_text("buffer_code\n")
    seen.add(serving.marks_of(project))
    monkeypatch.setattr(serving, "version", lambda name: "0")
    seen.add(serving.marks_of(project))
    assert len(seen) == 4
    (project / "target").mkdir()
    (project / "target" / "manifest.json").write_text("{}")
    assert serving.marks_of(project) in seen, "what dbt writes itself is no part"


def test_a_change_before_it_was_noticed_is_built_by_another_process(home: Home, project: Path) -> None:
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    with MartsProcess(home, project=project) as caller:
        before = psutil.Process(caller.pid())
        (project / "models" / "another.sql").write_text("{{ config(schema='stock') }} select 1 as one")
        assert "stock.another" in {relation.full_name for relation in caller.build().relations}
        assert caller.pid() != before.pid
    assert has_ended(before)


def test_while_it_is_busy_another_is_started_that_ends_with_its_caller(home: Home, project: Path) -> None:
    with MartsProcess(home, project=project, stays_seconds=60) as first, MartsProcess(home, project=project, stays_seconds=60) as second:
        standing, other = psutil.Process(first.pid()), psutil.Process(second.pid())
        assert standing.pid != other.pid
    assert has_ended(other)
    with MartsProcess(home, project=project) as third:
        assert third.pid() == standing.pid


def test_another_setting_gets_another_process_and_the_former_ends(home: Home, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = left_standing(home, project)
    monkeypatch.setenv("PARSTOCK_THREADS", "1")
    with MartsProcess(home, project=project) as caller:
        assert caller.pid() != before.pid
    assert has_ended(before)


def test_a_fault_that_nobody_foresaw_ends_it_and_its_caller_hears_of_it(home: Home, project: Path) -> None:
    with MartsProcess(home, project=project) as caller:
        process = psutil.Process(caller.pid())
        with pytest.raises(UserError, match="ended without an answer"):
            caller._answer({"select": [], "full_refresh": False, "now": "some day"}, None)
    assert has_ended(process)
    assert "some day" in (home.run / "dbt" / "process.log").read_text()


def test_a_home_with_a_long_path_has_a_port_instead(tmp_path: Path, project: Path) -> None:
    home = make_home(tmp_path / ("a_long_name_" * 10))
    process = left_standing(home, project)
    assert not list(home.run.glob("*.sock"))
    assert oct((home.run / "build.json").stat().st_mode)[-3:] == "600"
    with MartsProcess(home, project=project) as caller:
        assert caller.pid() == process.pid
    assert has_ended(process)


def test_switched_off_the_command_builds_itself(home: Home) -> None:
    with builder_of(home, clock=lambda: NOON, settings=Settings(build_process="off")):
        assert [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE] == []
    assert not (home.run / "build.json").exists()


def test_a_command_of_its_own_priority_starts_it_at_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with builder_of(home, clock=lambda: NOON, settings=Settings(build_process="on", build_process_seconds=0)):
        (process,) = psutil.Process().children()
        assert process.nice() == os.nice(0)
    assert has_ended(process)
