"""A day ends at each place by its own clock: what is published then says so, without anything new having come."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from feeds.landed import AS_OF

from pipelines import stages
from pipelines.owner.midnights import next_midnight
from pipelines.owner.owner import Owner
from pipelines.settings import Home, Settings

LAST_DAY = "2026-03-10"
BEFORE = datetime(2026, 3, 10, 22, 59, 59, tzinfo=UTC)  # a second before midnight in Paris


@pytest.mark.parametrize(
    ("now", "zones", "expected"),
    [
        ("2026-03-10T22:59:59+00:00", ["Europe/Paris"], "2026-03-10T23:00:00+00:00"),
        ("2026-03-10T23:00:00+00:00", ["Europe/Paris"], "2026-03-11T00:00:00+00:00"),  # UTC's day ends as well
        ("2026-03-28T23:30:00+00:00", ["Europe/Paris"], "2026-03-29T00:00:00+00:00"),
        ("2026-03-29T10:00:00+00:00", ["Europe/Paris"], "2026-03-29T22:00:00+00:00"),  # that day has 23 hours
        ("2026-03-10T12:00:00+00:00", ["Asia/Kathmandu"], "2026-03-10T18:15:00+00:00"),
        ("2026-03-10T12:00:00+00:00", ["nowhere", None, ""], "2026-03-11T00:00:00+00:00"),
    ],
)
def test_the_next_day_begins_where_it_begins_first(now: str, zones: list[str | None], expected: str) -> None:
    assert next_midnight(datetime.fromisoformat(now), zones) == datetime.fromisoformat(expected)


def _landing(folder: Path) -> Path:
    """Ten that may be sold to the end of the day, and the shop they are in."""
    files = {
        "reference/items.csv": "item_code,item_name,base_uom_code\nMILK,Milk,EA\n",
        "reference/locations.csv": "location_code,location_name,location_kind,time_zone\nSHOP,Shop,store,Europe/Paris\n",
        "wms/in.jsonl": json.dumps({
            "event_kind": "opening", "source_event_id": "1", "location_code": "SHOP", "occurred_at": "2026-03-01T08:00:00+01:00",
            "item_code": "MILK", "quantity": 10, "lot_code": "A", "expires_on": LAST_DAY,
        }) + "\n",
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _shown(home: Home) -> tuple[int, int, bool]:
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as con:
        rows = con.execute("""
            select version, (select sum(on_hand_units) from stock.on_hand), sellable_units, is_past_removal
            from ops.publication, availability.by_channel, stock.expiring""").fetchall()
    ((version, on_hand, sellable, is_past),) = rows
    assert on_hand == 10
    return version, sellable, is_past


def test_goods_past_their_day_stop_being_sellable_at_midnight_and_stay_on_hand(tmp_path: Path) -> None:
    home, now = Home(tmp_path / "home"), [BEFORE]
    stages.ingest(home, _landing(tmp_path / "landing"), clock=lambda: AS_OF, engine="direct", settings=Settings(settle_seconds=0))
    stages.build(home, clock=lambda: now[0])
    _, sellable, is_past = _shown(home)
    assert (sellable, is_past) == (10, False)
    with Owner(home, clock=lambda: now[0]) as owner:
        owner.ask("publish")
        time.sleep(1.5)
        before = _shown(home)
        assert before[1:] == (10, False)
        now[0] = BEFORE + timedelta(seconds=1)
        until = time.monotonic() + 10
        while _shown(home)[0] == before[0] and time.monotonic() < until:
            time.sleep(0.1)
        after = _shown(home)
        assert after == (before[0] + 1, 0, True)
        time.sleep(1.5)
        assert _shown(home) == after, "once a midnight"
