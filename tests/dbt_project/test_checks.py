"""Checks that every model makes the same way: what a null or a second row in a key does to a build, and what a person is told."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.errors import UserError
from pipelines.marts.dbt import run_dbt
from pipelines.settings import DBT_PROJECT, Home
from tests.worlds.small_ledger import SmallLedger

DAY = "2026-03-{:02d}T10:00:00+01:00"


NEEDED = ("+marts.stock", "+core__dim_item", "+core__dim_supplier", "+core__dim_channel", "+marts.core", "+demand__daily")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A shelf that was filled in two builds: of stock.daily the second one wrote the second day."""
    folder = tmp_path_factory.mktemp("checks")
    ledger = SmallLedger(folder)
    ledger.item("TEA")
    ledger.location("PAR")
    for day in (2, 3):
        ledger.move("receipt", DAY.format(day), "TEA", 5, "SUPPLIER", "PAR/sellable_accessible")
        ledger.commit()
        run_dbt(Home(folder), DBT_PROJECT, select=NEEDED, with_tests=False)
    return Home(folder)


def told(home: Home, *spoilt: str) -> list[str]:
    """What a person is told of the marts of schema stock after these statements, line by line; they are undone."""
    with duckdb.connect(str(home.marts_file)) as con:
        for statement in (
            "create table kept as from stock.daily",
            "create table kept_on_hand as from intermediate.int_stock__on_hand",
            *spoilt,
        ):
            con.execute(statement)
    try:
        run_dbt(home, DBT_PROJECT, select=["check_stock"])
    except UserError as failed:
        return [str(failed), *(" ".join(line.split()) for line in str(failed.where).splitlines())]
    finally:
        with duckdb.connect(str(home.marts_file)) as con:
            con.execute("delete from stock.daily; insert into stock.daily from kept; drop table kept")
            con.execute(
                "delete from intermediate.int_stock__on_hand; insert into intermediate.int_stock__on_hand from kept_on_hand; drop table kept_on_hand"
            )
    return []


def test_a_failing_check_names_the_model_what_is_wrong_and_the_key(home: Home) -> None:
    assert told(home) == []
    key = "item_code=TEA, location_code=PAR, stock_on=2026-03-03"

    lines = told(
        home,
        "insert into stock.daily from stock.daily where stock_on = '2026-03-03'",
        "insert into stock.daily select * replace (null as location_id, null as closing_units) from kept where stock_on = '2026-03-03'",
        "insert into intermediate.int_stock__on_hand select * replace (null as item_id) from kept_on_hand",
    )

    assert "check_stock" in lines[0]
    assert f"model stock.daily, fault 2 rows of one grain, key {key}" in lines
    assert (
        "model stock.daily, fault location_id is null; closing_units is null, key item_code=TEA, location_id=null, stock_on=2026-03-03"
        in lines
    )
    assert [line for line in lines if line.startswith("model stock.on_hand, fault item_id is null")] != []


def test_of_a_model_that_grows_what_was_written_since_all_checks_passed_is_looked_at(home: Home) -> None:
    twice = "insert into stock.daily from kept where stock_on = '{}'"
    passed = "delete from ops.checked_commit; insert into ops.checked_commit values ({})"
    found = [line for line in told(home, passed.format(1), twice.format("2026-03-03")) if line.startswith("model ")]
    assert [line.split(", key")[0] for line in found] == ["model stock.daily, fault 2 rows of one grain"]
    assert told(home, passed.format(1), twice.format("2026-03-02")) == []
    assert told(home, passed.format(0), twice.format("2026-03-02")) != []


def test_an_id_that_no_dimension_describes_is_warned_of_and_blocks_nothing(home: Home) -> None:
    with duckdb.connect(str(home.marts_file)) as con:
        con.execute("create table kept as from stock.daily")
        con.execute("insert into stock.daily select * replace (99 as item_id) from kept where stock_on = '2026-03-03'")
    try:
        run_dbt(home, DBT_PROJECT, select=["check_ids"])
        asked = next((home.run / "dbt" / "target" / "compiled").rglob("check_ids.sql")).read_text(encoding="utf-8")
        with duckdb.connect(str(home.marts_file), read_only=True) as con:
            found = con.execute(f"from ({asked}) where model = 'stock.daily'").fetchall()
        assert found == [("stock.daily", "item_id", "99", "core.dim_item")]
    finally:
        with duckdb.connect(str(home.marts_file)) as con:
            con.execute("delete from stock.daily; insert into stock.daily from kept; drop table kept")
