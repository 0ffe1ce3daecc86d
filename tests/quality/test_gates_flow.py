"""What a gate stops and what it does not: the whole way, on a small home."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import stages
from pipelines.build.build import build_lock, finish_build, nodes_of_artifacts
from pipelines.cli.main import call
from pipelines.marts.build_files import latest_build
from pipelines.quality.gates import GateBlocked, GateRun, blocked_by, check_marts, newest_runs
from pipelines.settings import DBT_PROJECT, Home
from tests.worlds.small_home import SmallHome, pos, wms

AS_OF = datetime(2026, 4, 2, 6, tzinfo=UTC)


def clock() -> datetime:
    return AS_OF


def ask(home: SmallHome, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.home.published_file.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


def build(home: SmallHome) -> None:
    stages.build(home.home, clock=clock)


def lines(ticket: str, units: int, count: int, day: str = "2026-03-03") -> list[dict[str, object]]:
    """A till's file with so many lines of these units."""
    return [pos(ticket, line, "sale", f"{day}T10:00:00", "TEE", units) for line in range(1, count + 1)]


@pytest.fixture
def stocked(tmp_path: Path) -> SmallHome:
    home = SmallHome(tmp_path)
    home.deliver(**{"wms/a.jsonl": [wms("W1", "opening", "2026-03-01T08:00:00", "PAR", "TEE", 50)]})
    build(home)
    return home


def test_a_feed_that_blocks_stops_marts_and_plans_but_not_the_stock(stocked: SmallHome) -> None:
    home = stocked
    home.deliver(**{"pos/usual.jsonl": lines("P0", 1, 200, "2026-03-02")})
    build(home)
    before = ask(home, "select marts_commit_id, marts_build from ops.publication")
    home.deliver(**{"pos/bad.jsonl": lines("P1", 60_000, 200)})

    with pytest.raises(GateBlocked) as raised:
        build(home)
    said = str(raised.value)
    assert raised.value.exit_code == 1
    assert "pos.quantity.between_mostly" in said and "200 of 200 rows with quantity break it" in said and "60000" in said
    assert "parstock gates" in said

    assert ask(home, "select marts_commit_id, marts_build from ops.publication") == before
    on_hand = 50 - 200 - 200 * 60_000
    assert ask(home, "select sum(on_hand_units)::int from stock.on_hand") == [(on_hand,)]  # the ledger and the hot views go on
    assert ask(home, "select subject, is_blocked from ops.gates where gate_kind = 'feed' order by 1") == [
        ("pos", True), ("reference", False), ("wms", False),
    ]  # fmt: skip
    failed = ask(home, "select rule_code, rows_failed from ops.gate_results where not is_met and severity = 'block' order by 1")
    assert failed == [("pos.quantity.between_mostly", 200)]
    with pytest.raises(GateBlocked):
        stages.plan(home.home, AS_OF, clock=clock)
    assert call(["gates", "--home", str(home.home.root)]) == 1

    # Somebody else's good delivery does not lift it; the feed's next one does.
    home.deliver(**{"wms/b.jsonl": [wms("W2", "receipt", "2026-03-04T08:00:00", "PAR", "TEE", 5)]})
    with pytest.raises(GateBlocked):
        build(home)
    assert ask(home, "select sum(on_hand_units)::int from stock.on_hand") == [(on_hand + 5,)]
    home.deliver(**{"pos/good.jsonl": lines("P2", 1, 1, "2026-03-05")})
    build(home)
    assert blocked_by(home.home) == []
    assert ask(home, "select sum(gross_units)::int from demand.daily") == [(201 + 200 * 60_000,)]
    assert ask(home, "select count(*)::int from ops.gates where is_blocked") == [(0,)]
    assert stages.plan(home.home, AS_OF, clock=clock)


def test_a_file_full_of_refused_lines_blocks_nothing(stocked: SmallHome) -> None:
    stocked.deliver(**{"pos/bad.jsonl": "no line\n" * 30})
    build(stocked)
    [run] = [run for name, run in newest_runs(stocked.home).items() if name == "feed/pos"]
    assert [(one.rule_code, one.severity) for one in run.failed] == [("pos.refused_rate", "warn")]
    assert not run.is_blocked


def test_marts_that_break_a_rule_are_not_exported(stocked: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    home = stocked
    before = latest_build(home.home)
    assert before is not None
    home.deliver(**{"pos/b.jsonl": [pos("P1", 1, "sale", "2026-03-03T10:00:00", "TEE", 2)]})

    def broken(at: object, **how: object) -> GateRun:
        with duckdb.connect(str(home.home.marts_file)) as con:
            con.execute("update demand.daily set lost_units_observed = -3")
        return check_marts(home.home, **how)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.quality.gates.check_marts", broken)
        with pytest.raises(GateBlocked, match=r"demand\.daily\.lost_units_observed\.between"):
            build(home)
    after = latest_build(home.home)
    assert after is not None and after.name == before.name
    assert ask(home, "select marts_build from ops.publication") == [(before.name,)]
    assert ask(home, "select sum(on_hand_units)::int from stock.on_hand") == [(48,)]
    assert ask(home, "select is_blocked from ops.gates where gate_kind = 'marts'") == [(True,)]
    with pytest.raises(GateBlocked):
        stages.plan(home.home, AS_OF, clock=clock)
    # The next build does not touch those rows; the gate looks at them all the same, for they were never published.
    with pytest.raises(GateBlocked):
        build(home)
    stages.build(home.home, clock=clock, full_refresh=True)
    assert ask(home, "select is_blocked from ops.gates where gate_kind = 'marts'") == [(False,)]
    assert ask(home, "select sum(gross_units)::int, sum(lost_units_observed)::int from demand.daily") == [(2, 0)]


def _build_with_dbt_alone(home: Home) -> None:
    """As a scheduler does: dbt's own command, which leaves what it did in the home's target folder."""
    options = ["--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT, "--target-path", home.run / "dbt" / "target"]
    command = [
        Path(sys.executable).with_name("dbt"),
        "build",
        *options,
        "--log-path",
        home.run / "dbt" / "logs",
        "--exclude-resource-type",
        "unit_test",
        "test",
    ]
    done = subprocess.run(
        list(map(str, command)), env={**os.environ, "PARSTOCK_HOME": str(home.root)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_scheduler_that_ran_dbt_itself_finishes_the_build(stocked: SmallHome) -> None:
    before = latest_build(stocked.home)
    assert before is not None
    _build_with_dbt_alone(stocked.home)
    nodes, finished_at = nodes_of_artifacts(stocked.home)
    assert {node.name for node in nodes if node.schema == "stock"} >= {"on_hand", "daily"}
    with build_lock(stocked.home):
        after = finish_build(stocked.home, nodes, finished_at=finished_at, clock=clock)
    assert [one.full_name for one in after.relations] == [one.full_name for one in before.relations]
    assert [one.sql for one in after.relations] == [one.sql for one in before.relations]
    assert after.name > before.name


def test_the_report_is_written_and_asks_nobody(stocked: SmallHome, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(stocked, "select distinct report_path from ops.gates") == [(None,)]  # the tests' library is off
    monkeypatch.setenv("PARSTOCK_GX", "wait")
    stocked.deliver(**{"pos/b.jsonl": [pos("P1", 1, "sale", "2026-03-03T10:00:00", "TEE", 2)]})
    runs = {run.name: run for run in stages.check_gates(stocked.home, clock=lambda: AS_OF + timedelta(hours=1))}
    paths = [path for (path,) in ask(stocked, "select report_path from ops.gates where report_path is not null order by 1")]
    assert {str(stocked.home.root / str(path)) for path in paths} == {str(runs[name].report) for name in ("feed/pos", "marts/marts")}
    # The library has found what the gates decided, of the marts too.
    assert ask(stocked, "select count(*)::int from ops.alerts where alert_code = 'gate_disagrees'") == [(0,)]
    for path in paths:
        page = stocked.home.root / str(path)
        assert page.is_file()
        for one in page.parent.rglob("*.html"):
            text = one.read_text(encoding="utf-8")
            assert 'src="http' not in text and 'rel="stylesheet" href="http' not in text


def test_an_honest_week_passes_every_gate(small_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert call(["gates", "--home", str(small_home), "--json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert {rule["subject"] for rule in rules} == {"pos", "wms", "marketplace", "rfid", "supply", "reference", "marts"}
    assert [rule["rule_code"] for rule in rules if not rule["is_met"] and rule["severity"] == "block"] == []
    assert call(["gates", "--home", str(small_home), "--check"]) == 0  # nothing is new: only the marts are looked at again
    assert "marts" in capsys.readouterr().out


def test_what_the_marts_read_is_kept_until_they_are_made_anew(small_home: Path) -> None:
    home = Home(small_home)
    with duckdb.connect(str(home.marts_file), read_only=True) as con:
        views = con.execute("select sql from duckdb_views() where schema_name = 'ledger'").fetchall()
    read = {file for (sql,) in views for file in re.findall(r"/ledger/([^']+\.parquet)'", sql)}
    content = json.loads(home.marts_file.with_name("marts.duckdb.ledger.json").read_text())["list"]
    assert read
    assert read == {file["path"] for table in content["tables"].values() for file in table["files"]}


def test_an_empty_home_passes_without_a_look(tmp_path: Path) -> None:
    home = SmallHome(tmp_path, reference=False)
    stages.ingest(home.home, clock=clock, engine="direct")
    build(home)
    assert newest_runs(home.home) == {}
    assert ask(home, "select count(*)::int from ops.gates") == [(0,)]
    assert call(["gates", "--home", str(home.home.root)]) == 0
