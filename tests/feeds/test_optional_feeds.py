"""The optional feeds on their whole way: their samples become documents of the ledger, and move nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from feeds.landed import AS_OF, SAMPLES
from pipelines import stages
from pipelines.feeds.registry import OPTIONAL_FEEDS
from pipelines.settings import Home, Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("optional")
    for feed in ("reference", *OPTIONAL_FEEDS):
        shutil.copytree(SAMPLES / feed, root / "landing" / feed)
    home = Home(root / "home")
    stages.ingest(home, root / "landing", clock=lambda: AS_OF, engine="direct", settings=Settings(settle_seconds=0))
    return home


def rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    """A question to the ledger: tables by name, `said` the events that stand with their codes."""
    current = json.loads((home.ledger / "current.json").read_text())
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        for name, table in current["tables"].items():
            con.execute(f'create view "{name}" as from read_parquet({[str(home.ledger / file["path"]) for file in table["files"]]})')
        con.execute("""
            create view said as
            select e.*, i.item_code, l.location_code, c.channel_code from events e
            left join (select distinct item_id, item_code from items) i using (item_id)
            left join (select distinct location_id, location_code from locations) l using (location_id)
            left join (select distinct channel_id, channel_code from channels) c using (channel_id)
            where (event_id, sub_no) in (select (event_id, sub_no) from events group by all having sum(sign) = 1)""")
        return con.execute(query).fetchall()


def test_every_optional_feed_has_its_place_in_the_ledger_and_moves_nothing(home: Home) -> None:
    assert {feed for (feed,) in rows(home, "select distinct feed from said")} == set(OPTIONAL_FEEDS)
    assert rows(home, "select count(*) from movements") == [(0,)]


def test_what_has_no_column_is_kept_as_sent(home: Home) -> None:
    views = rows(
        home, "select item_code, source_revision, extra ->> 'views', business_on::VARCHAR from said where feed = 'browse' order by all"
    )
    assert views == [("BREW", 0, "41", "2026-03-03"), ("MUG", 1, "127", "2026-03-02"), ("TEA", 0, "0", "2026-03-03")]
    assert rows(home, "select extra ->> 'labour_hours', unit_price_amount::VARCHAR from said where event_kind = 'cost_labour'") == [
        ("121.75", "2310.5000")
    ]


def test_a_bundle_is_looked_at_as_a_whole_and_reserved_in_parts(home: Home) -> None:
    assert rows(home, "select feed, item_code, units from said where document_id in ('BIS-3', 'CLICK-3') order by all") == [
        ("back_in_stock", "BREW", None), ("reservation", "MUG", 1), ("reservation", "TEA", 1),
    ]  # fmt: skip


def test_a_reservation_without_a_place_is_at_the_one_that_serves_its_channel_first(home: Home) -> None:
    placed = rows(
        home, "select document_id, location_code, source_revision, due_at::VARCHAR from said where event_kind = 'reserve' order by all"
    )
    assert placed == [
        ("CART-10", "DC1", 0, "2026-03-05 07:30:00+00"),
        ("CART-11", "DC1", 0, None),
        ("CART-9", "DC1", 1, "2026-03-04 08:00:00+00"),
        ("CLICK-3", "PAR", 0, None),
        ("CLICK-3", "PAR", 0, None),
    ]
    assert rows(home, "select distinct location_code from said where event_kind = 'release'") == [(None,)]


def test_customers_are_pseudonyms_and_their_words_are_gone(home: Home) -> None:
    assert rows(home, "select distinct length(customer_key) from said where customer_key is not null") == [(32,)]
    kept = [path for folder in (home.spool, home.ledger) for path in folder.rglob("*.parquet")]
    with duckdb.connect() as con:
        for path in kept:
            text = str(con.execute(f"from read_parquet('{path}')").fetchall())
            assert not any(word in text for word in ("C-4711", "Anne", "jean@", "Petit", "06 12")), path


def test_a_signal_for_something_unknown_waits_like_any_other_line(home: Home, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    line = {"event_kind": "promo_plan", "campaign_code": "X", "item_code": "SOON", "occurred_at": "2026-03-01T09:00:00Z",
            "starts_on": "2026-03-20", "ends_on": "2026-03-21"}  # fmt: skip
    (landing / "promo").mkdir(parents=True)
    (landing / "promo" / "a.jsonl").write_text(json.dumps(line) + "\n")
    copy = Home(tmp_path / "home")
    shutil.copytree(home.root, copy.root, ignore=shutil.ignore_patterns("*.sock"))
    at_once = Settings(settle_seconds=0)
    stages.ingest(copy, landing, clock=lambda: AS_OF, engine="direct", settings=at_once)
    waits = "select reason_code, is_waiting from quarantine where feed = 'promo' and reason_code = 'unknown_item' group by all having sum(sign) = 1"
    assert rows(copy, waits) == [("unknown_item", True)]
    (landing / "reference").mkdir()
    (landing / "reference" / "items.csv").write_text("item_code,item_kind,base_uom_code\nSOON,stock,EA\n")
    stages.ingest(copy, landing, clock=lambda: AS_OF, engine="direct", settings=at_once)
    assert rows(copy, waits) == []
    assert rows(copy, "select item_code from said where campaign_code = 'X'") == [("SOON",)]
