"""Marts of another version of the project are made anew, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.marts.made_by import is_of_another_version, remember_version
from pipelines.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "model.sql").write_text("select 1")
    return folder


def test_a_home_without_marts_is_of_no_other_version(home: Home, project: Path) -> None:
    assert not is_of_another_version(home, project)


def test_marts_of_which_nothing_was_written_down_are_of_a_version_before(home: Home, project: Path) -> None:
    home.marts_file.touch()
    assert is_of_another_version(home, project)
    remember_version(home, project)
    assert not is_of_another_version(home, project)


def test_a_changed_model_is_another_version(home: Home, project: Path) -> None:
    home.marts_file.touch()
    remember_version(home, project)
    (project / "model.sql").write_text("select 2")
    assert is_of_another_version(home, project)
