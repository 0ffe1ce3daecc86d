"""Builds beside the standing processes: policies that cannot be used stop one before it begins, as they stop a command's."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.processes.up import _Builds
from pipelines.settings import DBT_PROJECT, Home


class Asked:
    """Who is asked to build or to publish, and what was asked."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    def ask(self, question: str, **_: Any) -> None:
        self.questions.append(question)

    def build(self) -> None:
        self.questions.append("build")


def test_policies_that_cannot_be_used_stop_a_build_of_the_standing_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DBT_PROJECT / "seeds", tmp_path / "policies")
    (tmp_path / "policies" / "policy__planning.csv").unlink()
    monkeypatch.setenv("PARSTOCK_POLICY_DIR", str(tmp_path / "policies"))
    asked = Asked()
    builds = _Builds(Home(tmp_path / "home").make(), asked, 30.0, None, lambda: datetime(2026, 3, 8, tzinfo=UTC), threading.Event())  # type: ignore[arg-type]

    with pytest.raises(UserError, match="the policies cannot be used"):
        builds._build(asked, 1)

    assert asked.questions == ["publish"], "what is new in the ledger is shown all the same"
