"""The samples of Amazon the whole way into a home: what is reserved, what left, and what Amazon's pool has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from feeds.adapters.amazon_documents import CHANNEL, MARKETPLACE, POOL, changed, sample
from feeds.landed import AS_OF, SAMPLES
from pipelines import stages
from pipelines.settings import Home, Settings

AT_ONCE = Settings(settle_seconds=0)


def take(home: Home, landing: Path) -> None:
    stages.ingest(home, landing, clock=lambda: AS_OF, engine="direct", settings=AT_ONCE)


def ask(home: Home, query: str) -> list[tuple[Any, ...]]:
    """A question to the ledger's files."""
    tables = json.loads((home.ledger / "current.json").read_text())["tables"]
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.execute(f"create view {name} as from read_parquet({[str(home.ledger / file['path']) for file in table['files']]})")
        return con.execute(query).fetchall()


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples of Amazon, the world they speak of, and 50 teas that lie in Amazon's pool."""
    root = tmp_path_factory.mktemp("amazon") / "landing"
    shutil.copytree(SAMPLES / "reference", root / "reference")
    for feed in ("marketplace", "wms"):
        shutil.copytree(SAMPLES / feed / "amazon", root / feed / "amazon")
    (root / "wms" / "opening.jsonl").write_text(
        json.dumps(
            {"event_kind": "opening", "source_event_id": "O1", "location_code": POOL, "occurred_at": "2026-03-01T00:00:00Z", "item_code": "TEA", "quantity": 50}
        )
        + "\n"
    )  # fmt: skip
    return root


@pytest.fixture(scope="module")
def home(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("home") / "home")
    take(made, landing)
    stages.build(made, clock=lambda: AS_OF)
    return made


def reserved(home: Home) -> dict[tuple[str, str], int]:
    """Units reserved where channels of Amazon sell from, by whatever channel, in the published file; without zeros."""
    with duckdb.connect(str((home.published / "parstock.duckdb").resolve()), read_only=True) as con:
        rows = con.execute(
            """select channel_code, item_code, reserved_units from availability.by_channel
            join core.dim_channel using (channel_id) join core.dim_item using (item_id)
            where channel_code like 'amazon-%' and reserved_units <> 0"""
        ).fetchall()
    return {(channel.removeprefix("amazon-"), item): units for channel, item, units in rows}


def test_every_row_of_the_samples_is_accounted_for_and_none_waits(home: Home) -> None:
    counted = ask(
        home, "select source_uri, sum(rows_in)::INT, sum(quarantined)::INT from deliveries where source_uri like '%amazon%' group by 1"
    )
    assert len(counted) == 11
    assert [uri for uri, rows, quarantined in counted if quarantined or not rows] == []
    assert ask(home, "select sum(rows_in - accepted - duplicate - corrected - quarantined)::INT from deliveries") == [(0,)]


def test_what_amazon_ships_leaves_its_pool_and_what_we_ship_moves_nothing(home: Home) -> None:
    moved = ask(
        home,
        """select l.location_code, document_id, strftime(min(occurred_at), '%d %H:%M:%S'), sum(units)::INT
        from movements m join locations l on l.location_id = m.from_location_id where movement_kind = 'order_shipped' group by all""",
    )
    assert moved == [(POOL, "403-1000002-0000002", "03 04:55:12", 2)]


def test_what_is_neither_shipped_nor_cancelled_nor_rejected_is_reserved(home: Home) -> None:
    mugs, teas = 3 - 2, 1  # at our own warehouse; the other orders were cancelled
    of_the_vendor = {"MUG": 4 * 6 - 2 * 6, "TEA": (20 - 5 - 15) + 12}  # and an order of which nothing is wanted any more
    in_the_pool = 2
    assert reserved(home) == {
        (MARKETPLACE, "MUG"): mugs + of_the_vendor["MUG"] + in_the_pool,
        (MARKETPLACE, "TEA"): teas + of_the_vendor["TEA"],
        ("vendor", "MUG"): mugs + of_the_vendor["MUG"],
        ("vendor", "TEA"): teas + of_the_vendor["TEA"],
    }


def test_the_lines_of_orders_stand_as_their_documents_say(home: Home) -> None:
    lines = ask(
        home,
        """select document_id, document_line, event_kind, sum(sign * units)::INT from events
        join channels using (channel_id) where channel_code like 'amazon-%' and event_kind like 'order_%'
        group by all having sum(sign) <> 0 order by all""",
    )
    merchants = [line[1:] for line in lines if line[0] == "403-1000001-0000001"]
    assert merchants == [
        ("60000000000011", "order_placed", 3), ("60000000000011", "order_shipped", 2), ("60000000000012", "order_placed", 1),
    ]  # fmt: skip
    assert [line[2:] for line in lines if line[0] == "403-1000006-0000006"] == [("order_cancelled", 2), ("order_placed", 2)]
    assert [line[1:] for line in lines if line[0] == "4Z32PABC"] == [
        ("3600529000023", "order_delivered", 12), ("3600529000023", "order_placed", 24), ("3600529000023", "order_shipped", 12),
        ("TEA", "order_cancelled", 5), ("TEA", "order_placed", 20), ("TEA", "order_shipped", 15),
    ]  # fmt: skip


def test_what_amazon_says_it_has_is_kept_and_posts_nothing(home: Home) -> None:
    told = ask(
        home,
        """select stock_state, units::INT from events join items using (item_id)
        where event_kind = 'snapshot' and item_code = 'TEA' and strftime(occurred_at, '%d') = '03' order by all""",
    )
    assert ("sellable_not_accessible", 43) in told
    assert len(told) == 7
    assert ask(home, "select count(*)::INT from movements where movement_kind = 'snapshot'") == [(0,)]


def test_a_story_taken_again_in_another_cut_has_the_same_ledger(home: Home, landing: Path, tmp_path: Path) -> None:
    other = tmp_path / "landing"
    shutil.copytree(landing, other)
    page = sample("marketplace", "orders.json")
    folder = other / "marketplace" / "amazon"
    (folder / "orders.json").unlink()
    for number, order in enumerate(reversed(page["orders"])):
        (folder / f"{number}-order.json").write_text(json.dumps({"order": order}))
    (folder / "z-again.json").write_text(json.dumps(page))
    made = Home(tmp_path / "home")
    take(made, other)
    hashes = [json.loads((one.ledger / "current.json").read_text())["ledger_hash"] for one in (home, made)]
    assert hashes[0] == hashes[1]


def test_a_story_told_late_changes_what_is_reserved(home: Home, landing: Path, tmp_path: Path) -> None:
    """The order is cancelled after all: a later page takes back what was not shipped."""
    later = tmp_path / "home"
    shutil.copytree(home.root, later, ignore=shutil.ignore_patterns("*.sock"))
    order = changed(sample("marketplace", "orders.json")["orders"][0], "fulfillment", "fulfillmentStatus", to="CANCELLED")
    order = changed(order, "lastUpdatedTime", to="2026-03-05T08:00:00Z")
    path = tmp_path / "landing" / "marketplace" / "amazon" / "later.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"order": order}))
    take(Home(later), tmp_path / "landing")
    before = reserved(home)
    assert reserved(Home(later)) == {key: units - 1 for key, units in before.items()}
    taken_back = ask(
        Home(later),
        f"""select document_line, sum(sign * units)::INT from events join channels using (channel_id)
        where channel_code = '{CHANNEL}' and event_kind = 'order_cancelled' and document_id = '403-1000001-0000001' group by all order by all""",
    )
    assert taken_back == [("60000000000011", 1), ("60000000000012", 1)]
