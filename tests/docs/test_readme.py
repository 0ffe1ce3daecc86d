"""The README tells the truth: its commands exist and run, its tables are there with their grain, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pipelines.cli.main import app, call

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
CONSOLE = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines() if line.startswith("$ ")]
IN_TABLES = re.findall(r"^\| `(parstock [^`]*)` \|", README, re.MULTILINE)
COMMANDS = [line for line in [*CONSOLE, *IN_TABLES] if line.startswith("parstock ")]
READ_ONLY = ("sql", "alerts", "feeds", "rejects", "decisions", "doctor")
MARTS = ROOT / "dbt_project" / "README.md"


def questions_of(text: str) -> list[tuple[str, str]]:
    """Table and query of each row of a table of questions."""
    return re.findall(r"^\| [^|]+ \| `(\w+\.\w+)[^`]*`: [^|]+ \| `([^`]+)` \|$", text, re.MULTILINE)


ASKED_FIRST = questions_of(README)
QUESTIONS = questions_of(MARTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [command.callback.__name__ for command in app.registered_commands if command.callback])
def test_every_command_is_in_the_readme(name: str) -> None:
    assert any(shlex.split(line)[1] == name for line in COMMANDS)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_line_of_the_readme_is_one_that_the_command_takes(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line, comments=True)[1:]
    assert call([words[0], "--help"]) == 0
    shown = capsys.readouterr().out
    assert [word for word in words if word.startswith("--") and word not in shown] == []


@pytest.mark.parametrize("line", [line for line in COMMANDS if shlex.split(line)[1] in READ_ONLY and "--accept" not in line])
def test_what_only_reads_runs_as_it_is_written(
    line: str, small_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARSTOCK_HOME", str(small_home))
    assert call(shlex.split(line, comments=True)[1:]) == 0
    assert capsys.readouterr().out


def test_make_targets_of_the_readme_exist() -> None:
    made = [line.split()[1] for line in CONSOLE if line.startswith("make ")]
    assert made == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [target for target in made if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_what_decides_about_a_change_is_the_readmes_test_command() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "make test"
    assert "set -euo pipefail" in lines


def test_the_readme_is_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 150


def test_the_readme_has_the_commonest_questions_of_all_those_that_are_answered() -> None:
    assert len(ASKED_FIRST) >= 10
    assert len(QUESTIONS) >= 30
    assert [asked for asked in ASKED_FIRST if asked not in QUESTIONS] == []


@pytest.mark.parametrize(("table", "query"), QUESTIONS, ids=[table for table, _ in QUESTIONS])
def test_every_question_is_answered_by_its_query(table: str, query: str, small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert table in query
    assert call(["sql", query, "--home", str(small_home), "--json"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("page", ["README.md", "dbt_project/README.md", "data/samples/README.md", "pipelines/feeds/README.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert links or page.startswith(("data", "dbt"))
    assert [link for link in links if not link.startswith("http") and not ((ROOT / page).parent / link).exists()] == []
