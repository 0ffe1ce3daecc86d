"""A new home, built and published by the real dbt project, has every public table with 0 rows; one with stock adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipelines.build.build import build_marts
from pipelines.marts.build_files import MartsBuild, Relation
from pipelines.publish.snapshot import Publisher
from pipelines.settings import DBT_PROJECT, Home
from tests.worlds.ledger_files import arrow
from tests.worlds.small_marts import NOON, make_home, movement, publication, row, write_ledger

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (DBT_PROJECT / "dbt_project.yml").is_file(), reason="the dbt project is not there"),
]

# The public tables: the columns that keep name and meaning, and the grain (none: rows may repeat).
PUBLIC = {
    "core.fct_movements": (
        "movement_id leg_no event_id movement_kind item_id location_id stock_state owner_id lot_id delta_units occurred_at known_at "
        "business_on source_feed is_reversal reverses_movement_id reason commit_id",
        "movement_id leg_no",
    ),
    "core.dim_item": ("item_id item_code item_name item_kind", "item_id"),
    "core.dim_location": ("location_id location_code location_name location_kind is_virtual", "location_id"),
    "core.dim_channel": ("channel_id channel_code channel_name channel_kind", "channel_id"),
    "core.dim_supplier": ("supplier_id supplier_code supplier_name supplier_kind", "supplier_id"),
    "stock.on_hand": (
        "item_id location_id stock_state owner_id lot_id on_hand_units last_movement_at",
        "item_id location_id stock_state owner_id lot_id",
    ),
    "stock.daily": (
        "item_id location_id stock_on opening_units in_units out_units closing_units out_of_stock_hours",
        "item_id location_id stock_on",
    ),
    "availability.by_channel": (
        "item_id channel_id sellable_units reserved_units buffer_units ats_units is_in_stock",
        "item_id channel_id",
    ),
    "demand.daily": (
        "item_id location_id channel_id demand_on gross_units clean_units lost_units_observed is_censored",
        "item_id location_id channel_id demand_on",
    ),
    "demand.variance": (
        "item_id location_id demand_units_mean demand_units_sd cv2 adi demand_class abc_class xyz_class n_days n_valid_days",
        "item_id location_id",
    ),
    "plan.lead_times": (
        "supplier_id item_id location_id n_receipts lead_time_days_mean lead_time_days_sd lead_time_days_p50 lead_time_days_p90",
        "supplier_id item_id location_id",
    ),
    "plan.safety_stock": ("item_id location_id run_id method service_target_rate safety_stock_units why", "item_id location_id"),
    "plan.reorder_points": (
        "item_id location_id run_id inventory_position_units lead_time_demand_units safety_stock_units reorder_point_units why",
        "item_id location_id",
    ),
    "plan.reorder_proposals": (
        "proposal_id run_id as_of_on item_id location_id supplier_id inventory_position_units reorder_point_units order_units order_by_on "
        "eta_on unit_cost_amount currency_code priority_rank status why",
        "run_id item_id location_id supplier_id",
    ),
    "kpi.values": (
        "kpi_code period_start_on period_end_on grain_kind grain_id numerator denominator value target_value target_operator status",
        "kpi_code period_start_on period_end_on grain_kind grain_id",
    ),
    "ops.deliveries": (
        "delivery_id feed source_uri rows_in accepted duplicate corrected quarantined first_known_at applied_at",
        "delivery_id",
    ),
    "ops.quarantine": ("delivery_id feed line_no reason_code reason payload", ""),
    "ops.publication": ("version published_at newest_known_at newest_occurred_at commit_id marts_commit_id ledger_hash", ""),
}


def assert_surface(con: duckdb.DuckDBPyConnection) -> None:
    """Every public table has its columns, holds no 128-bit integer, and one row per key of its grain."""
    for table, (columns, grain) in PUBLIC.items():
        have = dict(con.execute(f"select column_name, column_type from (describe {table})").fetchall())
        assert set(columns.split()) <= set(have), f"{table} lacks {sorted(set(columns.split()) - set(have))}"
        assert not [column for column, kind in have.items() if "HUGEINT" in kind], table
        if grain:
            twice = con.execute(f"select count(*) from (select 1 from {table} group by {', '.join(grain.split())} having count(*) > 1)")
            assert twice.fetchone() == (0,), table


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, MartsBuild]:
    """A home whose marts were built empty, and the build; the tests publish it with what they add."""
    home = make_home(tmp_path_factory.mktemp("surface"))
    write_ledger(home, commit=0)
    return home, build_marts(home)


def published(
    built: tuple[Home, MartsBuild], *, version: int, ledger: dict[str, Any], tail: dict[str, pa.Table]
) -> duckdb.DuckDBPyConnection:
    """The home published with a ledger and a tail above its marts, open to read."""
    home, build = built
    with Publisher(home) as publisher:
        file = publisher.publish(version=version, ledger=ledger, tail=tail, marts=build, publication=publication(1))
    return duckdb.connect(str(file), read_only=True)


def call(macro: Relation) -> str:
    """A table macro of instants, asked for now."""
    return f"{macro.full_name}({'now(), now()' if macro.name.endswith('as_known') else 'now()'})"


def test_a_new_home_publishes_every_public_table_with_no_rows(built: tuple[Home, MartsBuild]) -> None:
    con = published(built, version=1, ledger=write_ledger(built[0], commit=0), tail={})

    assert_surface(con)
    for table in PUBLIC:
        assert con.execute(f"select count(*) from {table}").fetchone() == (1 if table == "ops.publication" else 0,), table
    macros = [relation for relation in built[1].relations if relation.kind == "macro"]
    assert macros
    for macro in macros:
        assert con.execute(f"from {call(macro)}").fetchall() == [], macro.name
    con.close()


def test_hot_tables_show_the_tail_that_no_build_has_seen(built: tuple[Home, MartsBuild]) -> None:
    place = {"location_name": "", "known_at": NOON, "version_no": 1, "commit_id": 1}
    tail = {
        "movements": arrow("movements", [movement(1, 5, 1) | {"to_stock_state": "sellable_accessible"}]),
        "locations": arrow(
            "locations",
            [
                row("locations", location_id=10, location_code="S1", location_kind="shop", is_virtual=False, time_zone="UTC", **place),
                row("locations", location_id=90, location_code="SUPPLIER", location_kind="supplier", is_virtual=True, **place),
            ],
        ),
    }
    con = published(built, version=2, ledger=write_ledger(built[0], commit=0), tail=tail)

    assert_surface(con)
    assert con.execute("select location_id, delta_units from core.fct_movements order by leg_no").fetchall() == [(90, -5), (10, 5)]
    assert con.execute("select location_id, on_hand_units from stock.on_hand").fetchall() == [(10, 5)]
    assert con.execute("select location_code, is_virtual from core.dim_location order by 1").fetchall() == [
        ("S1", False),
        ("SUPPLIER", True),
    ]
    assert con.execute("select newest_known_at, newest_occurred_at, data_at from intermediate.int_ledger__newest").fetchall() == [
        (NOON, NOON, NOON)
    ]
    con.close()


def test_no_carried_sql_rests_on_words_that_a_published_file_forgets(built: tuple[Home, MartsBuild]) -> None:
    # Storage version v1.2.0 keeps the CTE of a view and loses the hint in front of it.
    carried = [relation for relation in built[1].relations if relation.sql]
    assert len(carried) > 50
    assert [relation.full_name for relation in carried if "not materialized" in " ".join(str(relation.sql).lower().split())] == []


def test_no_reader_copies_the_ledger(built: tuple[Home, MartsBuild]) -> None:
    # A CTE that is used twice is computed into memory first: if it is the ledger itself, every reader holds a copy of it.
    event = row("events", event_id="00000000-0000-0000-0000-000000000001", sub_no=0, sign=1, feed="supply", event_kind="asn", occurred_at=NOON,
                known_at=NOON, commit_id=1)  # fmt: skip
    ledger = write_ledger(built[0], commit=1, rows={"movements": [movement(1, 5, 1)], "events": [event]}, name="b")
    tail = {"movements": arrow("movements", [movement(2, 3, 2)]), "events": arrow("events", [event | {"commit_id": 2}])}
    con = published(built, version=3, ledger=ledger, tail=tail)

    copies = set()
    for relation in built[1].relations:
        if relation.sql:
            asked = call(relation) if relation.kind == "macro" else relation.full_name
            plan = json.loads(con.execute(f"explain (format json) from {asked}").fetchall()[0][1])
            copies |= {(relation.full_name, name) for node in plan for name in _copied(node)}
    assert copies == set()

    twice = "with everything as (from ledger.movements) select * from everything where movement_id > (select min(units) from everything)"
    assert list(_copied(json.loads(con.execute(f"explain (format json) {twice}").fetchall()[0][1])[0])) == ["everything"], (
        "such a copy is seen"
    )
    con.close()


def _copied(node: dict[str, Any]) -> Iterator[str]:
    """The CTEs below a node of a plan that hold movements or events as they lie in the ledger: nothing joined, nothing added up."""
    if node["name"].strip() == "CTE" and any(_reads_the_ledger(node["children"][0])):
        yield str(node["extra_info"].get("CTE Name"))
    for child in node["children"]:
        yield from _copied(child)


def _reads_the_ledger(node: dict[str, Any]) -> Iterator[bool]:
    if node["name"].strip() in ("PROJECTION", "FILTER", "UNION"):
        for child in node["children"]:
            yield from _reads_the_ledger(child)
    elif "SCAN" in node["name"] or "PARQUET" in node["name"]:
        read = json.dumps(node["extra_info"])
        yield "movement_kind" in read or "event_kind" in read
