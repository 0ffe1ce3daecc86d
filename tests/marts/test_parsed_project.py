"""dbt's parsed project is kept: in memory, and on the disk for the next process, as long as the project says the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.marts import dbt as marts_dbt
from pipelines.marts import parsed_project
from pipelines.settings import Home
from tests.worlds.tiny_dbt import write_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project, in an environment that has parsed nothing yet."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    return write_project(tmp_path / "project")


def parsed(project: Path, home: Path, monkeypatch: pytest.MonkeyPatch, *, is_allowed: bool = True) -> list[str]:
    """Names of the project's nodes as a new process sees them; `is_allowed` says whether it may parse."""
    monkeypatch.setattr(parsed_project, "_IN_MEMORY", {})
    seen: list[Any] = []
    original = parsed_project.parsed_project

    def watched(where: Path, parse: Any) -> Any:
        def refuse() -> Any:
            raise AssertionError("parsed again")

        seen.append(original(where, parse if is_allowed else refuse))
        return seen[-1]

    with monkeypatch.context() as patch:
        patch.setattr(marts_dbt, "parsed_project", watched)
        marts_dbt.parse_project(Home(home).make(), project)
    return sorted(seen[-1].nodes)


def test_another_process_for_another_home_does_not_parse_again(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = parsed(project, tmp_path / "one", monkeypatch)
    assert "model.tiny.on_hand" in first
    assert parsed(project, tmp_path / "two", monkeypatch, is_allowed=False) == first


def test_a_changed_project_is_parsed_again(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = parsed(project, tmp_path / "home", monkeypatch)
    (project / "models" / "another.sql").write_text("select 1 as one")
    assert set(parsed(project, tmp_path / "home", monkeypatch)) - set(before) == {"model.tiny.another"}


def test_what_is_damaged_is_parsed_again(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = parsed(project, tmp_path / "home", monkeypatch)
    (kept,) = (tmp_path / "env").rglob("project-*.msgpack")
    kept.write_bytes(kept.read_bytes()[:100])
    assert parsed(project, tmp_path / "home", monkeypatch) == before
    assert parsed(project, tmp_path / "home", monkeypatch, is_allowed=False) == before


def test_only_a_few_are_kept_and_a_folder_that_cannot_be_written_is_no_fault(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        (project / "models" / "growing.sql").write_text(f"select {number} as one")
        parsed(project, tmp_path / "home", monkeypatch)
    assert len(list((tmp_path / "env").rglob("*.msgpack"))) == 4
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "file"))
    assert "model.tiny.growing" in parsed(project, tmp_path / "home", monkeypatch)
