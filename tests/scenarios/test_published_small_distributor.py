"""The small distributor through the whole path: `parstock run`, and the published file against `expected/`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from oracle import driver

SMALL = Path(__file__).parent / "a_small_distributor"
CODES = "join core.dim_item using (item_id)"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of one run over the week, as of Sunday evening."""
    home = tmp_path_factory.mktemp("home")
    done = driver.call("run", "--from", SMALL / "landing", "--home", home, "--as-of", "2026-03-08T20:00:00+01:00")
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str((home / "published" / "parstock.duckdb").resolve()), read_only=True) as con:
        yield con


def wanted(name: str, *columns: str) -> set[tuple[str, ...]]:
    with (SMALL / "expected" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {tuple(row[column] for column in columns) for row in csv.DictReader(file)}


def found(con: duckdb.DuckDBPyConnection, query: str) -> set[tuple[str, ...]]:
    return {tuple(str(value) for value in row) for row in con.execute(query).fetchall()}


def test_on_hand_is_what_lies_there(published: duckdb.DuckDBPyConnection) -> None:
    query = f"""select item_code, location_code, stock_state, sum(on_hand_units)::BIGINT as u
        from stock.on_hand {CODES} join core.dim_location using (location_id)
        group by all having u <> 0"""
    assert found(published, query) == wanted("on_hand", "item_code", "location_code", "stock_state", "on_hand_units")


def test_every_line_is_accounted_for(published: duckdb.DuckDBPyConnection) -> None:
    query = "select source_uri, rows_in, accepted, duplicate, corrected, quarantined from ops.deliveries where feed <> 'reference'"
    assert found(published, query) == wanted("deliveries", "file", "rows_in", "accepted", "duplicate", "corrected", "quarantined")


def test_demand_is_counted_on_its_day(published: duckdb.DuckDBPyConnection) -> None:
    query = f"""select item_code, channel_code, demand_on, sum(gross_units)::BIGINT as u
        from demand.daily {CODES} join core.dim_channel using (channel_id)
        group by all having u <> 0"""
    assert found(published, query) == wanted("demand", "item_code", "channel_code", "demand_on", "gross_units")


def test_the_position_counts_an_order_and_its_notice_once(published: duckdb.DuckDBPyConnection) -> None:
    query = f"""select item_code, location_code, inventory_position_units::BIGINT
        from plan.reorder_points {CODES} join core.dim_location using (location_id)"""
    assert wanted("position", "item_code", "location_code", "inventory_position_units") <= found(published, query)


def test_channels_can_sell_what_their_places_have_free(published: duckdb.DuckDBPyConnection) -> None:
    query = (
        f"select item_code, channel_code, ats_units::BIGINT from availability.by_channel {CODES} join core.dim_channel using (channel_id)"
    )
    without_buffers = published.execute("select coalesce(sum(buffer_units), 0) = 0 from availability.by_channel").fetchone()
    assert without_buffers == (True,), "the default policy has buffers: this test wants none"
    assert wanted("availability", "item_code", "channel_code", "ats_units") <= found(published, query)


def test_the_lead_time_of_the_order_is_five_days(published: duckdb.DuckDBPyConnection) -> None:
    query = f"select item_code, n_receipts, lead_time_days_mean::INTEGER from plan.lead_times {CODES} where n_receipts > 0"
    assert found(published, query) == {("MUG", "1", "5")}


def test_the_legs_of_every_movement_add_up_to_nothing(published: duckdb.DuckDBPyConnection) -> None:
    assert (
        found(published, "select movement_id from core.fct_movements group by movement_id, item_id having sum(delta_units) <> 0") == set()
    )
