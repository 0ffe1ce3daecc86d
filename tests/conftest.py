"""What all tests share: a clean environment, and one home with the small distributor's week in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SMALL_DISTRIBUTOR = Path(__file__).parent / "scenarios" / "a_small_distributor" / "landing"
SMALL_AS_OF = "2026-03-08T20:00+01:00"
os.environ["PARSTOCK_GX"] = "off"  # a process of seconds after each command; tests of it have it on
os.environ["PARSTOCK_BUILD_PROCESS"] = "off"  # one that has loaded dbt serves all tests; those of the process have it on


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PARSTOCK_") and name != "PARSTOCK_REAL_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PARSTOCK_GX", "off")
    monkeypatch.setenv("PARSTOCK_BUILD_PROCESS", "off")
    monkeypatch.setenv("PARSTOCK_SCHEDULER", "off")  # `parstock up` is quicker without; tests/orchestration has it on


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after `parstock run` on the small distributor's week; tests that change it take one of their own."""
    from pipelines.cli.main import call

    home = tmp_path_factory.mktemp("small") / "home"
    assert call(["run", "--home", str(home), "--from", str(SMALL_DISTRIBUTOR), "--as-of", SMALL_AS_OF, "--json"]) == 0
    return home


_exit_status = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_exit_status] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End as the command does: engines loaded by Beam's and dbt's threads print lists when the interpreter takes itself apart."""
    from pipelines.cli.main import leave

    if _exit_status in config.stash:
        leave(config.stash[_exit_status])
