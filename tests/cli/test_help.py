"""Help is quick, fits a screen, and loads nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.main import app, call

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [command.callback.__name__ for command in app.registered_commands if command.callback]
PATH_ORDER = [
    "demo", "ingest", "build", "gates", "plan", "explain", "publish", "export", "brief", "alerts", "run", "up", "serve", "rebuild",
    "backup", "restore", "sql", "feeds", "rejects", "withdraw", "decisions", "undo", "doctor",
]  # fmt: skip
ENGINES = ("apache_beam", "dbt", "duckdb", "polars", "pyarrow", "numpy", "pydantic")


def test_help_loads_no_engine_and_costs_less_than_half_a_second() -> None:
    code = f"import sys; from pipelines.cli.main import call; call(['--help']); sys.exit(any(name in sys.modules for name in {ENGINES!r}))"
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0, done.stdout + done.stderr
    assert min(seconds) < 0.5  # of the processor, so that a busy machine does not matter


def test_the_commands_stand_in_the_order_of_the_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["--help"]) == 0
    shown = capsys.readouterr().out
    assert COMMANDS == PATH_ORDER
    lines = [line.split()[0] for line in shown.splitlines() if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert lines == PATH_ORDER
    assert len(shown.splitlines()) <= 34  # a screen
    assert "..." not in shown.partition("Commands:")[2]  # every summary fits its line


@pytest.mark.parametrize("command", PATH_ORDER)
def test_every_command_has_help_and_takes_a_home(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--home" in shown
    assert "PARSTOCK_HOME" in shown


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "ingest",
        "build",
        "gates",
        "plan",
        "publish",
        "run",
        "rebuild",
        "backup",
        "restore",
        "sql",
        "feeds",
        "rejects",
        "withdraw",
        "decisions",
        "undo",
        "doctor",
    ],
)
def test_whatever_prints_rows_prints_json_and_csv(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    call([command, "--help"])
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert "--csv" in shown
