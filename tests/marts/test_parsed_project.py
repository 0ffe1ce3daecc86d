"""dbt's parsed project is kept: in memory, and on the disk for the next process, as long as the project says the same."""

from __future__ import annotations

import json
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from pipelines.marts import dbt as marts_dbt
from pipelines.marts import manifest, parsed_project
from pipelines.marts.manifest import manifest_of
from pipelines.marts.prepare import prepare
from pipelines.settings import Home
from tests.worlds.tiny_dbt import write_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project, in an environment that has parsed nothing yet."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
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
    assert len(list((tmp_path / "cache" / "parstock").glob("*.msgpack"))) == 1, "the user's own cache has it"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "model.tiny.growing" in parsed(project, tmp_path / "home", monkeypatch)


def test_a_copy_elsewhere_does_not_parse_again_and_finds_its_own_seeds(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = parsed(project, tmp_path / "home", monkeypatch)
    copy = write_project(tmp_path / "there" / "project")
    assert parsed(copy, tmp_path / "home", monkeypatch, is_allowed=False) == first
    (seed,) = [node for node in parsed_project.parsed_project(copy, list).nodes.values() if node.resource_type == "seed"]
    assert seed.root_path == str(copy)


def test_what_a_wheel_brings_is_used_and_never_written(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed(project, tmp_path / "home", monkeypatch)
    monkeypatch.setattr("dbt.flags.GLOBAL_FLAGS", Namespace())  # as in a process that has parsed nothing
    files = prepare(project, into=tmp_path / "wheel")
    assert sorted(file.suffix for file in files) == [".json", ".msgpack"]
    for folder in ("env", "cache"):
        shutil.rmtree(tmp_path / folder, ignore_errors=True)
    monkeypatch.setattr(parsed_project, "PREPARED", tmp_path / "wheel")
    before = {file.name: file.read_bytes() for file in files}
    assert "model.tiny.on_hand" in parsed(project, tmp_path / "home", monkeypatch, is_allowed=False)
    assert manifest_of(Home(tmp_path / "home"), project) in files
    assert {file.name: file.read_bytes() for file in (tmp_path / "wheel").iterdir()} == before
    assert not (tmp_path / "env" / "var").exists()


def test_the_manifest_is_that_of_the_parsed_project_wherever_it_may_be_kept(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "file"))
    monkeypatch.setattr(manifest, "_prepare", lambda project, otherwise: prepare(project, otherwise=otherwise))
    found = manifest_of(Home(tmp_path / "home"), project)
    assert found.parent == tmp_path / "home" / "run" / "dbt"
    assert "model.tiny.on_hand" in json.loads(found.read_bytes())["nodes"]
    monkeypatch.setattr(manifest, "_prepare", None)
    assert manifest_of(Home(tmp_path / "home"), project) == found
