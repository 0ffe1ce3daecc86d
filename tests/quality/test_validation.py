"""Great Expectations after the gates: when it runs, that nobody waits for it, and what follows where it finds something else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import stages
from pipelines.cli.main import call
from pipelines.processes.up import _Builds
from pipelines.processes.validation import validate_waiting
from pipelines.quality import validating
from pipelines.quality.batch import being_read, engine, waiting
from pipelines.quality.gates import GateRun, check_feeds, newest_runs
from pipelines.quality.looks import report_folder
from pipelines.quality.marts_gate import _pinned_commit
from pipelines.quality.suites import suite_file
from pipelines.quality.validating import log_file, start_validation, validation_lock
from pipelines.settings import PROJECT_ROOT, Home
from tests.worlds.small_home import SmallHome, pos

AS_OF = datetime(2026, 4, 2, 6, tzinfo=UTC)


def deliver(home: SmallHome, number: int, units: int = 1) -> None:
    """A sale, brought by a command that starts nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARSTOCK_GX", "off")
        home.deliver(**{f"pos/{number}.jsonl": [pos(f"P{number}", 1, "sale", "2026-03-03T10:00:00", "TEE", units)]})


def look(home: SmallHome, number: int, units: int = 1) -> list[GateRun]:
    """One more delivery, and what the feeds' gates say of it, an hour after the last."""
    deliver(home, number, units)
    return check_feeds(home.home, clock=lambda: AS_OF + timedelta(hours=number))


def until(is_so: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.1)


def alerts(home: Home) -> list[tuple[str, str, str]]:
    """(code, subject, state) of what was raised and resolved, in order."""
    files = sorted((home.spool / "alerts").glob("*/alert_changes.parquet"))
    return [(row["alert_code"], row["subject"], row["state"]) for file in files for row in pl.read_parquet(file).to_dicts()]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallHome:
    """A home whose gates have looked at its reference data; the library has not."""
    made = SmallHome(tmp_path)
    monkeypatch.setenv("PARSTOCK_GX", "later")
    check_feeds(made.home, clock=lambda: AS_OF)
    return made


def test_later_one_process_validates_what_came_before_and_meanwhile(home: SmallHome, capsys: pytest.CaptureFixture[str]) -> None:
    at = home.home
    deliver(home, 1)
    runs = {run.subject: run for run in stages.check_gates(at, clock=lambda: AS_OF + timedelta(hours=1))}
    first = runs["pos"].report
    assert first is not None and not first.exists()  # the command is back, and the library still loads
    assert call(["gates", "--home", str(at.root), "--json"]) == 0
    assert {rule["report"] for rule in json.loads(capsys.readouterr().out)} == {None}
    assert call(["gates", "--home", str(at.root)]) == 0
    assert "not written yet" in " ".join(capsys.readouterr().out.split())

    until(lambda: _is_held(at))
    look(home, 2)
    assert not start_validation(at)
    until(lambda: not waiting(at) and not _is_held(at))
    said = [line for line in log_file(at).read_text().splitlines() if "validated" in line]
    assert len(said) == 3
    assert len({line.split()[4] for line in said}) == 1  # one process
    assert first.is_file() and (first.parent / "results" / "pos.json").is_file()
    assert call(["gates", "--home", str(at.root), "--json"]) == 0
    of_pos = [rule for rule in json.loads(capsys.readouterr().out) if rule["subject"] == "pos"]
    assert {rule["report"] for rule in of_pos} == {str(report_folder(at, _look_of(newest_runs(at)["feed/pos"])) / "index.html")}
    assert alerts(at) == []


def _is_held(home: Home) -> bool:
    with validation_lock(home) as is_free:
        return not is_free


def _look_of(run: GateRun) -> str:
    return run.gate_run_id.removesuffix(f"-{run.subject}")


def test_wait_is_back_when_the_report_is_there(home: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARSTOCK_GX", "wait")
    deliver(home, 1)
    runs = {run.subject: run for run in stages.check_gates(home.home, clock=lambda: AS_OF + timedelta(hours=1))}
    assert waiting(home.home) == []
    for run in runs.values():
        assert run.report is not None and run.report.is_file()


def test_off_nothing_waits_and_no_report_is_promised(home: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARSTOCK_GX", "off")
    before = waiting(home.home)
    deliver(home, 1)
    runs = {run.subject: run for run in stages.check_gates(home.home, clock=lambda: AS_OF + timedelta(hours=1))}
    assert runs["pos"].report is None and runs["pos"].results
    assert waiting(home.home) == before
    assert not log_file(home.home).exists()
    assert suite_file(home.home, "pos").is_file()  # the suites are there to open all the same


def test_a_process_killed_in_the_middle_leaves_its_batch_to_the_next(home: SmallHome) -> None:
    [run] = look(home, 1)
    assert run.report is not None
    killed = subprocess.run(
        [sys.executable, "-m", "pipelines.processes.validation", str(home.home.root)], cwd=PROJECT_ROOT,
        env={**os.environ, "PARSTOCK_FAIL_AT": "before_batch_forgotten:2"},
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert len(waiting(home.home)) == 1
    run.report.write_text("half a page")
    assert validate_waiting(home.home) == 1
    assert "half a page" not in run.report.read_text()
    assert waiting(home.home) == [] and alerts(home.home) == []
    assert list((home.home.run / "gates").iterdir()) == []


def test_where_the_library_finds_something_else_an_alert_is_open_until_it_agrees(home: SmallHome) -> None:
    validate_waiting(home.home)
    look(home, 1, units=7)
    [batch] = waiting(home.home)
    file = batch / "suites" / "pos.json"
    suite = json.loads(file.read_text())
    quantity, *_ = [one for one in suite["expectations"] if one["kwargs"].get("column") == "quantity" and "max_value" in one["kwargs"]]
    code = quantity["meta"]["rule"]
    quantity["kwargs"]["max_value"] = 5  # as if the library read the rule in its own way
    file.write_text(json.dumps(suite))
    assert validate_waiting(home.home) == 1
    assert alerts(home.home) == [("gate_disagrees", "feed/pos", "open")]
    [row] = pl.concat(pl.read_parquet(path) for path in (home.home.spool / "alerts").glob("*/alert_changes.parquet")).to_dicts()
    assert row["what"] == (f"{code}: Great Expectations finds it not met (1 of 1 rows break it), the gate met (0 of 1 rows break it)")
    assert list(json.loads(row["figures"])["rules"]) == [code]

    look(home, 2, units=7)
    assert validate_waiting(home.home) == 1
    assert alerts(home.home)[1:] == [("gate_disagrees", "feed/pos", "resolved")]


def test_what_the_library_cannot_validate_is_an_alert_and_waits_no_longer(home: SmallHome) -> None:
    validate_waiting(home.home)
    look(home, 1)
    [batch] = waiting(home.home)
    content = json.loads((batch / "suites" / "pos.json").read_text())
    content["expectations"][0]["kwargs"]["column"] = "no_such_column"
    (batch / "suites" / "pos.json").write_text(json.dumps(content))
    look(home, 2)
    (waiting(home.home)[1] / "suites" / "new_deliveries.json").write_text("[]")
    assert validate_waiting(home.home) == 2
    [one] = alerts(home.home)
    assert one == ("gate_disagrees", "feed/pos", "open")
    assert waiting(home.home) == []


def test_a_batch_that_cannot_be_read_is_left_out_and_holds_up_nobody(home: SmallHome) -> None:
    [damaged] = waiting(home.home)
    (damaged / "batch.json").write_text('{"look": ')
    [run] = look(home, 1)
    assert validate_waiting(home.home) == 2
    assert waiting(home.home) == [] and not damaged.exists()
    assert run.report is not None and run.report.is_file()


def test_a_relative_home_has_its_report_where_the_ledger_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = SmallHome(Path("here"))
    monkeypatch.setenv("PARSTOCK_GX", "later")
    [run] = look(made, 1)[:1]
    monkeypatch.chdir(PROJECT_ROOT)
    assert validate_waiting(Home(tmp_path / "here" / "home")) == 1
    assert run.report is not None and run.report.is_absolute() and run.report.is_file()
    [told] = (tmp_path / "here" / "home" / "spool" / "gates").glob("*/gate_runs.parquet")
    for path in pl.read_parquet(told)["report_path"]:
        assert (tmp_path / "here" / "home" / path).is_file()


def test_what_a_killed_look_left_is_swept_up_and_too_many_make_room(home: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    left = home.home.run / "gates" / "20260401T000000Z-feeds-0.dead"
    left.mkdir()
    (left / "files.parquet").write_bytes(b"half")
    monkeypatch.setattr("pipelines.quality.batch.KEPT_BATCHES", 2)
    [oldest] = waiting(home.home)
    look(home, 1)
    assert not left.exists() and oldest in waiting(home.home)
    look(home, 2)
    assert oldest not in waiting(home.home) and len(waiting(home.home)) == 2


def test_under_up_what_comes_within_minutes_is_validated_together(home: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    started: list[float] = []
    now = [1000.0]
    monkeypatch.setattr(validating, "_process", lambda *_: started.append(now[0]))
    monkeypatch.setattr("pipelines.processes.up.time.monotonic", lambda: now[0])
    builds = _Builds(home.home, None, 30.0, None, lambda: AS_OF, threading.Event())  # type: ignore[arg-type]
    for seconds in (0, 30, 240, 60, 30):
        now[0] += seconds
        builds._validate_if_due()
    assert started == [1000.0, 1330.0]


@pytest.mark.parametrize("kind", ["view", "table"])
def test_an_empty_ledger_is_empty_and_a_full_one_is_not_in_views_and_in_tables(kind: str) -> None:
    def pinned(con: duckdb.DuckDBPyConnection) -> int | None:
        return _pinned_commit(con)

    with engine() as con:
        con.execute("attach ':memory:' as marts; create schema marts.ledger; create table marts.ledger.pin as select 7 as commit_id")
        assert pinned(con) is None
        con.execute(f"create {kind} marts.ledger.events as select 1 as event_id where false")
        assert pinned(con) is None
        con.execute(f"create {kind} marts.ledger.movements as select 1 as movement_id")
        assert pinned(con) == 7


def test_a_batch_that_is_read_does_not_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARSTOCK_GX", "later")
    monkeypatch.setattr("pipelines.quality.batch.KEPT_BATCHES", 1)
    home = SmallHome(tmp_path)
    look(home, 1)
    [oldest] = waiting(home.home)
    with being_read(oldest) as is_there:
        assert is_there
        look(home, 2)
        assert oldest in waiting(home.home)
    look(home, 3)
    assert oldest not in waiting(home.home)
    with being_read(oldest) as is_there:
        assert not is_there
