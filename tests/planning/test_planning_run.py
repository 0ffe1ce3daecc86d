"""A run against a real database file: what it reads, what it leaves in the spool, and that twice is once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.errors import UserError
from pipelines.ledger import results
from pipelines.ledger.plan_tables import PLAN_TABLES
from pipelines.planning.rules import SETTINGS
from pipelines.planning.run import run_plan
from pipelines.settings import Home

AS_OF = datetime(2026, 3, 8, 20, 0, tzinfo=timezone(timedelta(hours=1)))

MARTS = """
create schema ledger; create schema core; create schema demand; create schema plan;
create table ledger.pin as select 41::bigint as commit_id, 'abc' as ledger_hash;
create table core.dim_item as
    select 1::bigint as item_id, 'MUG' as item_code, 'Mug' as item_name, 'stock' as item_kind;
create table core.dim_location as select 7::bigint as location_id, 'DC1' as location_code, 'dc' as location_kind, false as is_virtual;
create table core.dim_supplier as select 9::bigint as supplier_id, 'S-CUP' as supplier_code;
create table plan.sales as
    select 1::bigint as item_id, 7::bigint as location_id, 45 as units, timestamptz '2026-03-01 00:00:00+00' as sold_at
    union all select 1, 7, 1000, timestamptz '2026-03-09 00:00:00+00';
create macro demand.variance_as_of(ts) as table
    select 1::bigint as item_id, 7::bigint as location_id, 20.0::decimal(18,6) as demand_units_mean, 5.0::decimal(18,6) as demand_units_sd,
        0.1 as cv2, 1.0 as adi, 'smooth' as demand_class, 'A' as abc_class, 'X' as xyz_class, 90 as n_days, 88 as n_valid_days;
create macro plan.position_as_of(ts) as table
    select item_id, location_id, sum(units)::bigint as sellable_units, 4::bigint as reserved_units, 0::bigint as backorder_units
    from plan.sales where sold_at <= ts group by all;
create macro plan.open_supply_as_of(ts) as table
    select 1::bigint as item_id, 7::bigint as location_id, 9::bigint as supplier_id, 'asn' as supply_kind, 'ASN-7' as document_id,
        '1' as document_line, 6::bigint as open_units, timestamptz '2026-03-05 16:00:00+01' as ordered_at, date '2026-03-06' as due_on,
        date '2026-03-06' as promised_on where ts >= timestamptz '2026-03-05 16:00:00+01';
create macro plan.lead_times_as_of(ts) as table
    select 9::bigint as supplier_id, 1::bigint as item_id, 7::bigint as location_id, 1::bigint as n_receipts,
        5.0 as lead_time_days_mean, null::double as lead_time_days_sd;
create macro plan.terms_as_of(ts) as table
    select 9::bigint as supplier_id, 1::bigint as item_id, null::bigint as location_id, 4 as lead_time_days, 12::bigint as moq_units,
        6::bigint as multiple_units, 3.5::decimal(18,4) as unit_cost_amount, 'EUR' as currency_code, 25::decimal(18,4) as order_cost_amount;
create table plan.policy_service_targets as
    select 'a_items' as policy_code, 1 as priority, 'A' as abc_class, 0.98::decimal(9,6) as service_target_rate,
        'ann' as author, 'margin' as reason;
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose marts offer what planning reads."""
    made = Home(tmp_path).make()
    with duckdb.connect(str(made.marts_file)) as connection:
        connection.execute(MARTS)
    return made


def clock() -> datetime:
    """The time at which these runs are made."""
    return datetime(2026, 3, 9, 5, 0, tzinfo=UTC)


def written(home: Home, run_id: str, table: str) -> pl.DataFrame:
    """A table of a run, as the owner will read it."""
    return pl.read_parquet(home.spool / "plans" / run_id / f"{table}.parquet")


def test_a_run_leaves_the_ledgers_tables_of_planning_with_their_types(home: Home) -> None:
    run_id = run_plan(home, AS_OF, clock)
    for table in PLAN_TABLES:
        path = home.spool / "plans" / run_id / f"{table}.parquet"
        kinds = dict(duckdb.sql(f"select column_name, column_type from (describe select * from '{path}')").fetchall())
        wanted = {name: kind for name, kind in PLAN_TABLES[table].items() if name != "commit_id"}
        assert {name: kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for name, kind in kinds.items()} == wanted


def test_a_run_plans_the_day_as_written_and_sees_nothing_that_lies_after_it(home: Home) -> None:
    run_id = run_plan(home, AS_OF, clock)
    made = written(home, run_id, "plan_runs").row(0, named=True)
    assert (made["as_of_on"], made["marts_commit_id"]) == (date(2026, 3, 8), 41)
    assert (made["as_of_at"], made["planned_at"]) == (AS_OF, clock())
    item = written(home, run_id, "plan_items").row(0, named=True)
    assert (item["sellable_units"], item["in_transit_units"], item["inventory_position_units"]) == (45, 6, 47)
    assert (item["policy_code"], item["service_target_rate"]) == ("a_items", Decimal("0.980000"))


def test_nothing_is_planned_for_a_place_or_an_item_that_nobody_has_described(home: Home) -> None:
    with duckdb.connect(str(home.marts_file)) as connection:
        connection.execute(
            "insert into plan.sales values (1, 8, 5, timestamptz '2026-03-01 00:00:00+00'), (2, 7, 5, timestamptz '2026-03-01 00:00:00+00')"
        )
    items = written(home, run_plan(home, AS_OF, clock), "plan_items")
    assert items.select("item_id", "location_id").rows() == [(1, 7)]


def test_the_point_in_the_table_is_the_sum_of_its_parts(home: Home) -> None:
    item = written(home, run_plan(home, AS_OF, clock), "plan_items").row(0, named=True)
    assert item["reorder_point_units"] == item["lead_time_demand_units"] + item["safety_stock_units"]
    assert item["lead_time_demand_units"] == Decimal("80.0000")


def test_the_terms_behind_the_order_are_kept(home: Home) -> None:
    item = written(home, run_plan(home, AS_OF, clock), "plan_items").row(0, named=True)
    assert (item["decision"], item["needed_units"], item["free_units"]) == ("order", item["reorder_point_units"] // 1 - 47 + 1, 41)
    # 2 x 7300 units x 25 EUR over 0.2 x 3.5 EUR, and nothing cuts it
    assert (item["target_kind"], item["target_days"], round(item["target_units"])) == ("economic", None, 722)
    assert (item["covered_days"], item["n_own_receipts"], item["n_supplier_receipts"]) == (Decimal(4), 1, 1)
    assert (item["unit_cost_amount"], item["order_cost_amount"], item["currency_code"]) == (Decimal("3.5"), Decimal(25), "EUR")


def test_each_line_on_its_way_is_kept_with_its_day_and_whether_it_counts(home: Home) -> None:
    [line] = written(home, run_plan(home, AS_OF, clock), "plan_supply").rows(named=True)
    assert (line["supply_kind"], line["document_id"], line["coming_units"]) == ("asn", "ASN-7", 6)
    assert (line["expected_on"], line["grace_days"], line["use_kind"]) == (date(2026, 3, 6), 30, "useful")


def test_the_settings_that_held_are_kept_with_the_rule_that_set_them(home: Home) -> None:
    run_id = run_plan(home, AS_OF, clock)
    [number] = written(home, run_id, "plan_items")["settings_no"]
    settings = {row["setting_code"]: row for row in written(home, run_id, "plan_settings").rows(named=True) if row["settings_no"] == number}
    source = ("policy_table", "policy_code", "reason")
    assert settings["service_target_rate"]["setting_value"] == "0.98"
    assert tuple(settings["service_target_rate"][name] for name in source) == ("plan.policy_service_targets", "a_items", "margin")
    assert settings["review_days"]["setting_value"] == "0"
    assert tuple(settings["review_days"][name] for name in source) == (None, None, None)
    assert settings.keys() == SETTINGS.keys()


def test_the_same_inputs_give_the_same_run_and_nothing_is_written_again(home: Home) -> None:
    first = run_plan(home, AS_OF, clock)
    before = {path: path.stat().st_mtime_ns for path in (home.spool / "plans").rglob("*")}
    assert run_plan(home, AS_OF, lambda: datetime(2030, 1, 1, tzinfo=UTC)) == first
    assert {path: path.stat().st_mtime_ns for path in (home.spool / "plans").rglob("*")} == before


def test_a_commit_that_planning_does_not_see_gives_the_same_run_and_new_stock_another(home: Home) -> None:
    first = run_plan(home, AS_OF, clock)
    with duckdb.connect(str(home.marts_file)) as connection:
        connection.execute("update ledger.pin set commit_id = 42")
    assert run_plan(home, AS_OF, clock) == first
    with duckdb.connect(str(home.marts_file)) as connection:
        connection.execute("update plan.sales set units = 46 where units = 45")
    assert run_plan(home, AS_OF, clock) != first
    assert run_plan(home, AS_OF + timedelta(days=2), clock) not in (first, None)


def test_an_open_connection_serves_as_well_as_a_file(home: Home) -> None:
    with duckdb.connect(str(home.marts_file)) as connection:
        from_connection = run_plan(home, AS_OF, clock, connection)
    assert run_plan(home, AS_OF, clock, home.marts_file) == from_connection


def test_a_proposal_id_is_its_own_and_the_same_again(home: Home) -> None:
    run_id = run_plan(home, AS_OF, clock)
    ids = written(home, run_id, "plan_proposals")["proposal_id"]
    assert ids.n_unique() == len(ids) == 1
    assert len(ids[0]) == 32


def test_a_crash_while_writing_leaves_no_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        run_plan(home, AS_OF, clock)
    assert list((home.spool / "plans").iterdir()) == []


def test_without_marts_the_user_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to plan from yet") as refused:
        run_plan(Home(tmp_path).make(), AS_OF, clock)
    assert "parstock run" in str(refused.value)


def test_a_database_without_the_macros_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    duckdb.connect(str(home.marts_file)).close()
    with pytest.raises(UserError, match=r"planning cannot read demand\.variance_as_of"):
        run_plan(home, AS_OF, clock)


def test_an_instant_without_a_zone_is_refused(home: Home) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        run_plan(home, datetime(2026, 3, 8, 20, 0), clock)
