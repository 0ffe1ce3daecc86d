"""A home without a row builds every table; and dbt's own unit tests, which need nothing but that the tables are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.dbt_builds import ask, build, unit_tests
from tests.worlds.small_ledger import SmallLedger


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("empty")
    SmallLedger(home).commit()
    assert build(home) == []
    return home


def test_an_empty_ledger_builds_every_table(empty: Path) -> None:
    assert ask(empty, "select count(*) from kpi.values") == [(0,)]
    assert ask(empty, "select count(*) from demand.variance_as_of('2026-03-01T00:00:00Z')") == [(0,)]


def test_every_rule_gives_the_rows_that_its_unit_test_expects(empty: Path) -> None:
    outcomes = unit_tests(empty)
    assert len(outcomes) >= 10
    assert {name: status for name, status in outcomes.items() if status != "pass"} == {}
