"""What assets are given: the home, its clock, and dbt.

Belongs here: things of the machine that a run may be told. Does not belong here: planning policy (seeds of the dbt project).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from dagster import ConfigurableResource, InitResourceContext
from dagster_dbt import DbtCliResource
from packaging.version import Version
from pydantic import PrivateAttr

from pipelines.settings import DBT_PROJECT, Home


class Site(ConfigurableResource):  # type: ignore[type-arg]  # its value is itself
    """One home and its clock.

    `as_of` (ISO 8601, UTC without a zone) stands still at an instant, for data of another time; empty is the present.
    The marts' build lock is held from dbt to the gate and the export after it, so that nobody builds in between.
    """

    home: str
    as_of: str = ""
    _lock: contextlib.ExitStack = PrivateAttr(default_factory=contextlib.ExitStack)
    _is_locked: bool = PrivateAttr(default=False)

    @property
    def at(self) -> Home:
        """The home's folders, made."""
        return Home(Path(self.home)).make()

    def clock(self) -> datetime:
        """Now, or the instant that the run was told to take for it."""
        if not self.as_of:
            return datetime.now(UTC)
        told = datetime.fromisoformat(self.as_of)
        return told if told.tzinfo else told.replace(tzinfo=UTC)

    def hold_build_lock(self) -> None:
        """Take the home's build lock, unless this run has it already; it ends with the run at the latest."""
        from pipelines.build.build import build_lock

        if not self._is_locked:
            self._lock.enter_context(build_lock(self.at))
            self._is_locked = True

    def release_build_lock(self) -> None:
        """Let others build."""
        self._is_locked = False
        self._lock.close()

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """A run that failed half-way holds nobody up."""
        self.release_build_lock()


class HomeDbt(DbtCliResource):
    """The dbt of this environment, without what dagster-dbt asks it first: ten seconds of every run.

    Its version is that of the package beside us, and the adapter would only count rows, which `pipelines.marts.export.marts_rows` does.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


def dbt_of() -> HomeDbt:
    """Dbt on the product's own project; where its target lies is said with each call."""
    return HomeDbt(
        project_dir=str(DBT_PROJECT), profiles_dir=str(DBT_PROJECT), dbt_executable=str(Path(sys.executable).with_name("dbt")),
        global_config_flags=["--no-send-anonymous-usage-stats", "--no-version-check"],
    )  # fmt: skip
