"""What goes wrong is said in words, on stderr, with the exit code that fits."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.checks import Finding, exit_code
from pipelines.cli.main import call

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sql", "select 1"], "nothing has been published in this home yet"),
        (["ingest", "--feed", "till"], "no feed is called 'till'"),
        (["ingest", "--from", "nowhere"], "there is no such folder"),
        (["ingest", "--as-of", "yesterday"], "'yesterday' is no instant"),
        (["ingest", "--sideways"], "--sideways"),
        (["feeds", "--json", "--csv"], "exclude each other"),
        (["up", "--plan-at", "noon"], "'noon' is not a time of day"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    arguments: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    at_home = arguments if arguments == ["nonsense"] else [*arguments, "--home", str(tmp_path / "home")]
    assert call(at_home) == 2
    shown = capfd.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_an_error_names_the_place_and_the_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(["sql", "select 1", "--home", str(tmp_path)])
    what, where, following = capsys.readouterr().err.splitlines()
    assert what.startswith("error: nothing has been published")
    assert where == f"  where  {tmp_path}/published/parstock.duckdb"
    assert following.startswith("  next   parstock run")


def test_data_that_is_not_there_yet_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["plan", "--home", str(tmp_path)]) == 1
    assert "there is nothing published to plan from yet" in capsys.readouterr().err


def test_a_home_that_another_process_owns_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "owner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        assert call(["ingest", "--home", str(tmp_path)]) == 3
    shown = capsys.readouterr().err
    assert "another process owns this home" in shown
    assert "4711" in shown


def test_a_home_that_cannot_be_written_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert call(["ingest", "--home", str(tmp_path / "file" / "home")]) == 3
    assert "where" in capsys.readouterr().err


def test_the_exit_code_of_doctor_says_whether_the_machine_or_the_data_fails() -> None:
    warned, data, machine = Finding("a", "warn", ""), Finding("b", "fail", "", is_data=True), Finding("c", "fail", "")
    assert [exit_code(found) for found in ([], [warned], [warned, data], [data, machine])] == [0, 0, 1, 3]


def test_the_process_ends_quietly_after_work_with_every_engine(tmp_path: Path) -> None:
    landing = tmp_path / "landing" / "reference"
    landing.mkdir(parents=True)
    (landing / "items.csv").write_text("item_code,item_name,base_uom_code\nMUG,Mug,EA\n")
    command = [sys.executable, "-m", "pipelines.cli", "ingest", "--home", str(tmp_path / "home"), "--from", str(landing.parent), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["rows_in"] == 1
    assert [line for line in done.stderr.splitlines() if not line.startswith(("parse", "apply", "build"))] == []
