"""A build that fails: who hears of it, what readers have meanwhile, and that the next one does not let its rows slip through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import stages
from pipelines.cli.main import call
from pipelines.marts.build_files import latest_build
from pipelines.marts.dbt import run_dbt
from pipelines.quality.gates import GateBlocked, blocked_by
from pipelines.settings import DBT_PROJECT
from tests.worlds.small_home import SmallHome, wms

pytestmark = pytest.mark.timeout(300)
NOW = datetime(2026, 4, 2, 6, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def ask(home: SmallHome, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.home.published_file.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


def spoil(home: SmallHome, statement: str) -> None:
    """What a wrong formula would do to the marts."""
    with duckdb.connect(str(home.home.marts_file)) as con:
        con.execute(statement)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallHome, GateBlocked]:
    """A home whose second build fails a law: a day of stock that an earlier build wrote does not add up, and was never checked."""
    home = SmallHome(tmp_path_factory.mktemp("failed"))
    home.deliver(**{"wms/a.jsonl": [wms("W1", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 50)]})
    stages.build(home.home, clock=clock)
    home.deliver(**{"wms/b.jsonl": [wms("W2", "receipt", "2026-03-02T08:00:00", "PAR", "TEE", 5)]})
    run_dbt(home.home, DBT_PROJECT, select=["int_stock__on_hand", "stock__daily"], with_tests=False)
    spoil(home, "update stock.daily set opening_units = opening_units + 1 where stock_on = '2026-03-02'")
    home.deliver(**{"wms/c.jsonl": [wms("W3", "receipt", "2026-03-03T08:00:00", "DC", "MUG", 7)]})
    with pytest.raises(GateBlocked) as raised:
        stages.build(home.home, clock=clock)
    return home, raised.value


def test_a_row_of_an_unchecked_build_is_found_by_the_next_that_touches_others(failed: tuple[SmallHome, GateBlocked]) -> None:
    _, error = failed
    assert error.exit_code == 1
    assert "assert_a_day_closes_where_the_next_one_opens" in str(error)


def test_the_message_names_codes_and_not_ids(failed: tuple[SmallHome, GateBlocked]) -> None:
    _, error = failed
    assert "item_code TEE" in str(error) and "location_code PAR" in str(error)
    assert "item_id" not in str(error)


def test_everybody_hears_of_it(failed: tuple[SmallHome, GateBlocked], capsys: pytest.CaptureFixture[str]) -> None:
    home, _ = failed
    assert [run.name for run in blocked_by(home.home)] == ["marts/build"]
    assert ask(home, "select is_blocked from ops.gates where gate_kind = 'marts' and subject = 'build'") == [(True,)]
    alerts = ask(home, "select alert_code, severity, what from ops.alerts where state = 'open' and alert_code = 'build_failed'")
    assert [(code, severity) for code, severity, _ in alerts] == [("build_failed", "critical")]
    assert "where the last one closed" in alerts[0][2]
    capsys.readouterr()
    assert call(["gates", "--home", str(home.home.root), "--json"]) == 1
    rules = [rule for rule in json.loads(capsys.readouterr().out) if rule["subject"] == "build"]
    assert [rule["failed_rows"][0]["item_code"] for rule in rules] == ["TEE"]


def test_readers_keep_their_tables_and_the_ledger_goes_on(failed: tuple[SmallHome, GateBlocked]) -> None:
    home, _ = failed
    built = latest_build(home.home)
    assert built is not None and ask(home, "select marts_build from ops.publication") == [(built.name,)]
    assert ask(home, "select sum(on_hand_units)::int from stock.on_hand") == [(62,)]


def test_the_next_build_that_passes_releases_it(failed: tuple[SmallHome, GateBlocked]) -> None:
    home, _ = failed
    stages.build(home.home, clock=clock, full_refresh=True)
    assert blocked_by(home.home) == []
    assert ask(home, "select is_blocked from ops.gates where subject = 'build'") == [(False,)]
    assert ask(home, "select count(*)::int from ops.alerts where state = 'open' and alert_code = 'build_failed'") == [(0,)]


def test_a_new_home_publishes_the_ledger_though_its_first_build_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = SmallHome(tmp_path)
    home.deliver(**{"wms/a.jsonl": [wms("W1", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 50)]})

    def refuses(*_: object, **__: object) -> None:
        raise GateBlocked([])

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.quality.gates.require_feeds_open", refuses)
        with pytest.raises(GateBlocked):
            stages.build(home.home, clock=clock)
    assert ask(home, "select sum(on_hand_units)::int from stock.on_hand") == [(50,)]
    assert ask(home, "select marts_commit_id, (select count(*) from stock.daily)::int from ops.publication") == [(0, 0)]
    home.deliver(**{"wms/b.jsonl": [wms("W2", "receipt", "2026-03-02T08:00:00", "PAR", "TEE", 5)]})
    stages.build(home.home, clock=clock)
    assert ask(home, "select stock_on::varchar, closing_units::int from stock.daily order by 1") == [("2026-03-01", 50), ("2026-03-02", 55)]


def test_tables_of_models_that_the_project_no_longer_has_go_away(failed: tuple[SmallHome, GateBlocked]) -> None:
    home, _ = failed
    spoil(
        home,
        "create table stock.of_old as select 1 as one; create view core.of_old as select 1 as one; create table main.mine as select 1 as one",
    )
    stages.build(home.home, clock=clock, select="core__dim_item")
    with duckdb.connect(str(home.home.marts_file), read_only=True) as con:
        left = con.execute("select schema_name || '.' || table_name from duckdb_tables() where table_name in ('of_old', 'mine', 'checked_commit') "
                           "union all select schema_name || '.' || view_name from duckdb_views() where view_name = 'of_old' order by 1").fetchall()  # fmt: skip
    assert left == [("main.mine",), ("ops.checked_commit",)]
