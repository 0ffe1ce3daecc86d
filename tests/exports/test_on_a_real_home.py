"""Exports of a home that was built as every home is: the commands, and the same figures as the tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import call
from pipelines.exports.facts import read_facts
from pipelines.exports.table import read_csv
from pipelines.publish.reader import run_sql
from pipelines.settings import Home
from tests.exports.workbook_reader import read_workbook
from tests.worlds.published_home import FURTHER, TABLES

Shown = pytest.CaptureFixture[str]


def asked(home: Path, query: str) -> Any:
    return run_sql(Home(home), query).rows[0][0]


def test_the_hand_written_tables_are_those_of_a_real_home(small_home: Path) -> None:
    for table, columns in (TABLES | FURTHER).items():
        real = {name for (name, *_) in run_sql(Home(small_home), f"describe {table}").rows}
        assert {column.split()[0] for column in re.split(r", (?=[a-z_]+ [a-z])", columns)} <= real, table


def test_export_writes_what_to_order_and_the_brief(small_home: Path, capsys: Shown) -> None:
    capsys.readouterr()
    assert call(["export", "--home", str(small_home), "--json"]) == 0
    files = {Path(row["file"]).name: row for row in json.loads(capsys.readouterr().out)}
    assert list(files) == ["reorder_proposals.xlsx", "reorder_proposals.csv", "brief.md", "brief.html"]
    version = asked(small_home, "select version from ops.publication")
    assert {row["version"] for row in files.values()} == {version}
    assert (small_home / "exports" / "latest").readlink() == Path(f"{version:010d}")
    lines, units = run_sql(
        Home(small_home), "select count(*), sum(order_units) from plan.reorder_proposals where is_latest_run and order_units > 0"
    ).rows[0]
    table = list(read_csv(Path(files["reorder_proposals.csv"]["file"])))
    sheet = read_workbook(Path(files["reorder_proposals.xlsx"]["file"]))["Orders"]
    assert (len(table), sum(int(row["order_units"]) for row in table)) == (lines, units)
    assert sum(int(value) for value in sheet.values("To order")) == units
    assert [row["proposal_id"] for row in table] == sheet.values("Proposal")
    described = asked(
        small_home, "select comment from duckdb_columns() where table_name = 'reorder_proposals' and column_name = 'order_units'"
    )
    reading = read_workbook(Path(files["reorder_proposals.xlsx"]["file"]))["How to read"]
    assert described in {cell.value for cell in reading.cells.values()}


def test_the_briefs_figures_are_those_of_the_tables(small_home: Path) -> None:
    facts = read_facts(Home(small_home))
    assert facts.changed.stock_units == asked(small_home, "select cast(sum(on_hand_units) as bigint) from stock.on_hand")
    assert facts.changed.stock_days[-1][1] == asked(
        small_home,
        f"select cast(sum(closing_units) as bigint) from stock.daily_filled where stock_on = '{facts.changed.stock_days[-1][0]}'",
    )
    day = facts.changed.day
    assert facts.changed.demand_units == asked(
        small_home, f"select cast(sum(gross_units) as bigint) from demand.daily where demand_on = '{day}'"
    )
    assert facts.out.count == asked(
        small_home,
        "select count(*) from plan.reorder_points join plan.safety_stock using (item_id, location_id) "
        "where sellable_units - reserved_units - backorder_units <= 0 and demand_units_per_day_mean > 0",
    )
    assert facts.out.count == facts.out.ordered + facts.out.coming + facts.out.unserved
    assert facts.order.lines == asked(small_home, "select count(*) from plan.reorder_proposals where is_latest_run and order_units > 0")
    assert facts.lacks.waiting == asked(small_home, "select count(*) from ops.quarantine where is_waiting")
    assert facts.lacks.refused == asked(small_home, "select count(*) from ops.quarantine where not is_waiting")
    # As planning reckoned it when it ranked its proposals.
    for row in facts.soon.rows + facts.out.rows:
        if row["order_units"]:
            where = f"i.item_code = '{row['item_code']}' and l.location_code = '{row['location_code']}'"
            cover = asked(
                small_home,
                "select p.cover_days from plan.reorder_proposals p join core.dim_item i using (item_id) join core.dim_location l using (location_id) "
                f"where p.is_latest_run and {where}",
            )
            assert abs(cover - row["days_left"]) <= 1


def test_brief_prints_markdown_and_says_where_the_files_are(small_home: Path, tmp_path: Path, capsys: Shown) -> None:
    page = tmp_path / "sent" / "brief.html"
    capsys.readouterr()
    assert call(["brief", "--home", str(small_home), "--lang", "fr", "--html", str(page)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("# Point du jour – ")
    assert "brief.fr.md" in shown.err
    assert str(page) in shown.err
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_brief_of_a_home_with_nothing_published_says_what_to_do(tmp_path: Path, capsys: Shown) -> None:
    assert call(["brief", "--home", str(tmp_path)]) == 2
    assert "parstock run" in capsys.readouterr().err


def test_the_reference_is_one_page_that_holds_the_descriptions_and_asks_nobody_for_anything(small_home: Path, capsys: Shown) -> None:
    artefacts = small_home / "run" / "dbt" / "target" / "run_results.json"
    artefacts.parent.mkdir(parents=True, exist_ok=True)
    artefacts.write_text("{}", encoding="utf-8")  # as a run of dbt by hand leaves it
    capsys.readouterr()
    assert call(["export", "--home", str(small_home), "--docs", "--json"]) == 0
    page = Path(json.loads(capsys.readouterr().out)[-1]["file"])
    assert page == small_home / "published" / "docs" / "index.html"
    text = page.read_text(encoding="utf-8")
    assert "Proposed quantity, base unit, in the supplier" in text
    assert '"stock"."daily"' in text or "stock__daily" in text
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)\s*=\s*[\"']?(?:https?:)?//", text)
    assert artefacts.read_text(encoding="utf-8") == "{}"  # those of the last run stay as they were
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]
