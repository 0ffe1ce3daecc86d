"""Each command on the small distributor's week."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.cli.main import call
from pipelines.feeds.registry import OPTIONAL_FEEDS
from tests.conftest import SMALL_AS_OF, SMALL_DISTRIBUTOR

Shown = pytest.CaptureFixture[str]


def rows_of(capsys: Shown, *arguments: str | Path) -> list[dict[str, Any]]:
    """The rows that a command prints with --json."""
    capsys.readouterr()
    assert call([*map(str, arguments), "--json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_a_second_run_finds_nothing_new(small_home: Path, capsys: Shown) -> None:
    (result,) = rows_of(capsys, "run", "--home", small_home, "--from", SMALL_DISTRIBUTOR, "--as-of", SMALL_AS_OF)
    assert result["is_no_op"] is True
    assert (result["deliveries"], result["new_deliveries"], result["rows_in"]) == (17, 0, 0)


def test_feeds_shows_one_line_a_feed_and_what_became_of_its_rows(small_home: Path, capsys: Shown) -> None:
    feeds = {row["feed"]: row for row in rows_of(capsys, "feeds", "--home", small_home)}
    assert list(feeds)[:6] == ["pos", "wms", "marketplace", "rfid", "supply", "reference"]
    assert {feed: row["deliveries"] for feed, row in feeds.items() if feed in OPTIONAL_FEEDS} == dict.fromkeys(OPTIONAL_FEEDS, 0)
    assert feeds["wms"]["rows_in"] == 22
    assert all(row["rows_in"] == row["accepted"] + row["duplicate"] + row["corrected"] + row["quarantined"] for row in feeds.values())
    assert feeds["pos"]["last_seen_at"] == "2026-03-08T19:00:00Z"
    assert feeds["pos"]["late"] > 0  # lines of 2 March, first seen on the 8th


def test_rejects_shows_where_and_why_and_what_waits(small_home: Path, capsys: Shown) -> None:
    rejects = rows_of(capsys, "rejects", "--home", small_home)
    assert {(row["source_uri"].split("/")[-1], row["reason_code"], row["is_waiting"]) for row in rejects} == {
        ("2026-03-02.jsonl", "fractional_quantity", False),
        ("2026-03-02.jsonl", "not_json", False),
        ("02-movements.jsonl", "conflicting_payload", False),
        ("02-movements.jsonl", "unknown_item", True),
    }
    assert [row["reason_code"] for row in rows_of(capsys, "rejects", "wms", "--waiting", "--home", small_home)] == ["unknown_item"]


def test_rejects_for_people_counts_by_reason_first(small_home: Path, capsys: Shown) -> None:
    assert call(["rejects", "pos", "--limit", "1", "--home", str(small_home)]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].split() == ["feed", "reason_code", "rows", "of_them_waiting", "state", "first", "how_to_fix_them"]
    assert "1 more" in shown


def test_sql_without_a_query_lists_every_public_table_with_its_grain(small_home: Path, capsys: Shown) -> None:
    tables = {row["table"]: row["one_row_per"] for row in rows_of(capsys, "sql", "--home", small_home)}
    assert tables["stock.on_hand"] == "item x location x state x owner x lot"
    assert {"core.fct_movements", "plan.reorder_proposals", "demand.daily", "ops.deliveries", "kpi.values"} <= tables.keys()
    assert all(tables.values())


def test_sql_answers_in_three_forms(small_home: Path, capsys: Shown) -> None:
    query = "select 1.10::decimal(18,4) as cost, null as nothing, 'a, \"b\"' as words, timestamptz '2026-03-02 08:00+00' as seen_at"
    assert rows_of(capsys, "sql", query, "--home", small_home) == [
        {"cost": 1.1, "nothing": None, "words": 'a, "b"', "seen_at": "2026-03-02T08:00:00Z"}
    ]
    assert call(["sql", query, "--csv", "--home", str(small_home)]) == 0
    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out))) == [
        {"cost": "1.1000", "nothing": "", "words": 'a, "b"', "seen_at": "2026-03-02T08:00:00Z"}
    ]
    assert call(["sql", query, "--home", str(small_home)]) == 0
    assert capsys.readouterr().out.splitlines() == ["  cost  nothing  words   seen_at", '1.1000  ∅        a, "b"  2026-03-02 08:00:00Z']


@pytest.mark.parametrize(
    "query", ["drop table ops.publication", "select 1; select 2", "copy (select 1) to '/tmp/x.csv'", "selec 1", "select * from nowhere"]
)
def test_sql_only_reads(query: str, small_home: Path, capsys: Shown) -> None:
    assert call(["sql", query, "--home", str(small_home)]) == 2
    assert "error:" in capsys.readouterr().err


def test_doctor_finds_nothing_to_fail_in_a_healthy_home(small_home: Path, capsys: Shown) -> None:
    findings = {row["check"]: row for row in rows_of(capsys, "doctor", "--home", small_home)}
    healthy = (
        "python",
        "packages",
        "owner",
        "build",
        "spool",
        "ledger",
        "published",
        "marts",
        "conservation",
        "on_hand",
        "rows_in",
        "feed pos",
    )
    assert {check: findings[check]["level"] for check in healthy} == dict.fromkeys(healthy, "ok")
    assert not any(f"feed {feed}" in findings for feed in OPTIONAL_FEEDS)  # nobody misses them
    assert findings["quarantine"]["level"] == "warn"
    assert findings["quarantine"]["next_step"] == "parstock rejects"


def test_doctor_names_a_missing_ledger_file_and_what_to_do(tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "ledger").mkdir()
    lost = {"path": "movements/gone.parquet", "rows": 1, "min_commit_id": 1, "max_commit_id": 1}
    version = {"generation": 1, "commit_id": 1, "ledger_hash": "00", "newest_known_at": None, "newest_occurred_at": None, "written_at": ""}
    (tmp_path / "ledger" / "current.json").write_text(json.dumps({**version, "tables": {"movements": {"files": [lost]}}}))
    assert call(["doctor", "--home", str(tmp_path), "--csv"]) == 1
    (found,) = [row for row in csv.DictReader(io.StringIO(capsys.readouterr().out)) if row["check"] == "ledger"]
    assert (found["level"], found["next_step"]) == ("fail", "parstock rebuild")
    assert "movements/gone.parquet" in found["what"]


def test_plan_prints_what_to_order_the_most_urgent_first(small_home: Path, capsys: Shown) -> None:
    proposals = rows_of(capsys, "plan", "--as-of", SMALL_AS_OF, "--home", small_home)
    assert proposals
    assert all(row["order_units"] > 0 and row["position_units"] <= row["reorder_point_units"] and row["why"] for row in proposals)


def test_a_time_without_a_zone_is_utc(small_home: Path, capsys: Shown) -> None:
    written = [
        rows_of(capsys, "run", "--home", small_home, "--as-of", text)[0]["run_id"] for text in ("2026-03-08T19:00", "2026-03-08T19:00Z")
    ]
    assert written[0] == written[1]
    assert written[0].startswith("20260308T190000Z-")


def test_publish_full_writes_one_file_that_needs_no_home(small_home: Path, tmp_path: Path, capsys: Shown) -> None:
    (result,) = rows_of(capsys, "publish", "--full", tmp_path / "all.duckdb", "--home", small_home)
    assert result["copy_tables"] > 20
    with duckdb.connect(str(tmp_path / "all.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from duckdb_views() where not internal").fetchall() == [(0,)]
        assert con.execute("select sum(on_hand_units)::bigint from stock.on_hand").fetchall() != [(None,)]


def test_ingest_takes_one_feed_and_rebuild_gives_the_same_ledger(tmp_path: Path, capsys: Shown) -> None:
    home = tmp_path / "home"
    (first,) = rows_of(capsys, "ingest", "--feed", "reference", "--from", SMALL_DISTRIBUTOR, "--home", home, "--as-of", SMALL_AS_OF)
    assert (first["new_deliveries"], first["rows_in"]) == (8, 24)
    (second,) = rows_of(capsys, "ingest", "--from", SMALL_DISTRIBUTOR, "--home", home, "--as-of", SMALL_AS_OF)
    assert (second["deliveries"], second["new_deliveries"]) == (17, 9)
    (rebuilt,) = rows_of(capsys, "rebuild", "--home", home)
    assert rebuilt["is_same"] is True
    assert rebuilt["differences"] == []
    assert rows_of(capsys, "sql", "select count(*)::int as n from stock.on_hand where on_hand_units <> 0", "--home", home)[0]["n"] > 0


def test_the_demo_does_not_mix_with_somebodys_data(tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    (tmp_path / "landing" / "pos" / "mine.jsonl").write_text("{}\n")
    assert call(["demo", "--home", str(tmp_path)]) == 2
    assert "already has data" in capsys.readouterr().err
