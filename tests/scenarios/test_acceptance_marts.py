"""Acceptance cases that readers ask of the published file: senders' lines beside the samples of the optional feeds, built once."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from feeds.landed import SAMPLES

from pipelines import stages
from pipelines.feeds.registry import OPTIONAL_FEEDS
from pipelines.quality.gates import newest_runs
from pipelines.settings import Home, Settings

AS_OF = datetime(2026, 3, 9, tzinfo=UTC)
AT_ONCE = Settings(settle_seconds=0)
Rows = list[tuple[Any, ...]]


def order(number: str, at: str, units: int) -> dict[str, Any]:
    return {
        "event_kind": "order_placed", "channel_code": "web", "document_id": number, "document_line": 1, "occurred_at": at, "item_code": "MUG",
        "quantity": units,
    }  # fmt: skip


def moved(number: str, kind: str, at: str, units: int, **more: Any) -> dict[str, Any]:
    return {
        "event_kind": kind, "source_event_id": number, "location_code": "DC1", "occurred_at": at, "item_code": "MUG", "quantity": units, **more,
    }  # fmt: skip


def stated(at: str, item: str, units: int) -> dict[str, Any]:
    return {"event_kind": "supplier_stock", "supplier_code": "S-TXT", "occurred_at": at, "item_code": item, "quantity": units}


RMA = {"document_kind": "rma", "document_id": "R-1", "document_line": 1}
SOLD = {"document_kind": "so", "document_id": "W-1", "document_line": 1}
LINES = {
    "marketplace": [
        order("W-1", "2026-03-02T10:00:00+01:00", 2),  # Monday
        order("W-2", "2026-03-05T09:00:00+01:00", 3),  # Thursday
    ],
    "wms": [
        moved("1", "opening", "2026-03-01T08:00:00+01:00", 20),
        moved("2", "ship", "2026-03-02T16:00:00+01:00", 2, channel_code="web", **SOLD),
        moved(
            "3", "return_receive", "2026-03-05T10:00:00+01:00", 1, **RMA, ref_document_kind="so", ref_document_id="W-1", ref_document_line=1
        ),
        moved("4", "return_inspect", "2026-03-05T15:00:00+01:00", 1, **RMA, reason_code="conforming"),
        moved("5", "return_disposition", "2026-03-06T09:00:00+01:00", 1, **RMA, to_stock_state="sellable_not_accessible"),  # 23 hours later
    ],
    "supply": [stated("2026-03-06T05:00:00Z", "TEE-M", 5), stated("2026-03-08T05:00:00Z", "TEA", 4)],
}
# The newest event of all is a customer told that an item is there again: Sunday, 8 March, 6:00 UTC.
LATER = {
    "event_kind": "reserve", "location_code": "PAR", "document_id": "CLICK-4", "document_line": 1, "item_code": "MUG", "quantity": 2,
    "occurred_at": "2026-03-08T05:30:00Z", "due_at": "2026-03-09T12:00:00+01:00",
}  # fmt: skip
HELD = """
select item_code, reserved_units from availability.by_channel_location
join core.dim_item using (item_id) join core.dim_location using (location_id) join core.dim_channel using (channel_id)
where location_code = 'PAR' and channel_code = 'web' and reserved_units > 0 order by 1"""


@dataclasses.dataclass(frozen=True)
class World:
    """The home as readers see it in the end, and what was held when it was built."""

    home: Home
    held_then: Rows

    def ask(self, query: str) -> Rows:
        return ask(self.home, query)


def ask(home: Home, query: str) -> Rows:
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


def take(home: Home, landing: Path, **files: list[dict[str, Any]]) -> None:
    """Take the folder with one more file for each feed."""
    for feed, lines in files.items():
        (landing / feed).mkdir(parents=True, exist_ok=True)
        (landing / feed / f"{len(lines)}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    stages.ingest(home, landing, clock=lambda: AS_OF, engine="direct", settings=AT_ONCE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("acceptance")
    landing, home = folder / "landing", Home(folder / "home")
    for feed in ("reference", *OPTIONAL_FEEDS):
        shutil.copytree(SAMPLES / feed, landing / feed)
    take(home, landing, **LINES)
    stages.build(home, clock=lambda: AS_OF)
    held = ask(home, HELD)
    take(home, landing, reservation=[LATER])
    return World(home, held)


def test_at_31_what_a_supplier_stated_too_long_ago_is_not_offered_and_told(world: World) -> None:
    rows = world.ask("""
        select item_code, supplier_code, supplier_units, age_hours::float, is_stale, ats_units
        from availability.dropship join core.dim_item using (item_id) join core.dim_supplier using (supplier_id) order by 1""")
    assert rows == [("TEA", "S-TXT", 4, 1, False, 4), ("TEE-M", "S-TXT", 5, 49, True, 0)]
    ((severity, supplier, what, figures),) = world.ask(
        "select severity, supplier_code, what, figures from ops.alerts where alert_code = 'dropship_feed_stale' and state = 'open'"
    )
    assert (severity, supplier) == ("warning", "S-TXT")
    assert what == "S-TXT last stated its stock of 1 items 49.0 hours ago: 5 units are not offered (TEE-M)"
    assert json.loads(figures)["withheld_units"] == 5
    ours = "(select item_id from core.dim_item where item_code = 'TEE-M')"
    assert world.ask(f"select count(*) from stock.on_hand where item_id = {ours}") == [(0,)]
    assert world.ask(f"select count(*) from availability.by_channel where item_id = {ours}") == [(0,)]


def test_at_32_a_return_leaves_the_demand_of_its_day_alone_and_counts_as_restocked_within_24_hours(world: World) -> None:
    demand = world.ask("select demand_on::varchar, gross_units, clean_units from demand.daily where gross_units > 0 order by 1")
    assert demand == [("2026-03-02", 2, 2), ("2026-03-05", 3, 3)]
    restocked = world.ask("""
        select numerator::int, denominator::int, value::float from kpi.values
        where kpi_code = 'returns_restocked_24h' and grain_kind = 'all' and period_start_on = '2026-03-05' and period_end_on = '2026-03-05'""")
    assert restocked == [(1, 1, 1)]
    on_hand = world.ask("select stock_state, on_hand_units from stock.on_hand where on_hand_units <> 0 order by 1")
    assert on_hand == [("sellable_not_accessible", 20 - 2 + 1)]


def test_a_reservation_is_seen_before_the_next_build_and_carts_run_out_by_themselves(world: World) -> None:
    # CLICK-3 holds a set of one mug and one tea without end
    assert world.held_then == [("MUG", 1), ("TEA", 1)]
    assert world.ask(HELD) == [("MUG", 1 + 2), ("TEA", 1)]
    assert world.ask("select marts_commit_id < commit_id from ops.publication") == [(True,)]


def test_optional_feeds_pass_their_gates_and_nobody_misses_one(world: World) -> None:
    runs = newest_runs(world.home)
    assert {feed: runs[f"feed/{feed}"].is_blocked for feed in OPTIONAL_FEEDS} == dict.fromkeys(OPTIONAL_FEEDS, False)
    assert world.ask("select alert_code from ops.alerts where alert_code = 'feed_missing'") == []
