"""A gate that blocks, as Dagster shows it: the run is red, readers keep what they had, stock goes on, the next good delivery heals it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

from orchestration.definitions import build_definitions
from pipelines import stages
from pipelines.marts.dbt import run_dbt
from pipelines.publish.reader import run_sql
from pipelines.quality.gates import blocked_by
from pipelines.settings import DBT_PROJECT, Settings
from tests.worlds.small_home import SmallHome, pos, wms

pytestmark = pytest.mark.timeout(600)
AS_OF = "2026-04-02T06:00+00:00"


def run(home: SmallHome, job: str, instance: DagsterInstance) -> ExecuteInProcessResult:
    definitions = build_definitions(home=home.home.root, settings=Settings(as_of=AS_OF))
    return definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False)


def ask(home: SmallHome, query: str) -> list[tuple[Any, ...]]:
    return run_sql(home.home, query).rows


def sales(ticket: str, units: int, count: int) -> list[dict[str, Any]]:
    return [pos(ticket, line, "sale", "2026-03-03T10:00:00", "TEE", units) for line in range(1, count + 1)]


def test_a_blocking_gate_turns_the_run_red_and_leaves_the_marts_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = SmallHome(tmp_path)
    monkeypatch.setenv("PARSTOCK_HOME", str(home.home.root))
    home.deliver(**{"wms/a.jsonl": [wms("W1", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 50)]})
    clock_at = home.deliver(**{"pos/a.jsonl": sales("P0", 1, 200)})
    stages.build(home.home, clock=lambda: clock_at)
    before = ask(home, "select marts_commit_id, marts_build from ops.publication")
    with DagsterInstance.ephemeral() as instance:
        # Grams where pieces should be: well formed, and like nothing that the feed ever sent.
        home.deliver(**{"pos/bad.jsonl": sales("P1", 60_000, 200)})
        ingested = run(home, "ingest_feeds", instance)
        assert not ingested.success
        checks = {one.check_name: one for one in ingested.get_asset_check_evaluations()}
        assert not checks["gate_pos"].passed and checks["gate_wms"].passed
        assert "60000" in str(checks["gate_pos"].metadata["failed_rows"].value)
        refreshed = run(home, "kpi_refresh", instance)
        assert not refreshed.success
        [failed] = [event for event in refreshed.all_events if event.is_step_failure]
        assert failed.step_key == "dbt_build" and "a gate blocks: feed pos" in str(failed.step_failure_data.user_failure_data.description)
        assert not run(home, "safety_stock_refresh", instance).success
        assert ask(home, "select marts_commit_id, marts_build from ops.publication") == before
        assert ask(home, "select cast(sum(on_hand_units) as int) from stock.on_hand") == [
            (50 - 200 - 200 * 60_000,)
        ]  # the ledger and the hot views go on

        home.deliver(**{"pos/good.jsonl": sales("P2", 1, 1)})
        # A wrong formula: a build that nobody checked wrote a day of stock that does not add up.
        run_dbt(home.home, DBT_PROJECT, select=["int_stock__on_hand", "stock__daily"], with_tests=False)
        with duckdb.connect(str(home.home.marts_file)) as con:
            con.execute("update stock.daily set opening_units = opening_units + 1 where stock_on = '2026-03-03'")
        assert not run(home, "kpi_refresh", instance).success
        assert [one.name for one in blocked_by(home.home)] == ["marts/build"]
        assert "closed" in blocked_by(home.home)[0].results[0].what

        # The next version of the project computes it rightly: it makes all tables anew.
        home.home.marts_file.with_name("marts.version").write_text("the version with the wrong formula")
        healed = run(home, "kpi_refresh", instance)
        assert healed.success
        made = healed.asset_materializations_for_node("publish__marts_build")
        assert [one.asset_key for one in made] == [AssetKey(["publish", "marts_build"])]
        assert blocked_by(home.home) == []
        assert ask(home, "select marts_commit_id > ? from ops.publication".replace("?", str(before[0][0]))) == [(True,)]
        assert [
            one.check_name
            for one in healed.get_asset_check_evaluations()
            if one.blocking and not one.passed and one.severity.value == "ERROR"
        ] == []
