"""A small home made by hand: a ledger of Parquet, and a marts build in the form that dbt's export has."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.marts.build_files import MartsBuild, Relation
from pipelines.publish.snapshot import Publication
from pipelines.settings import Home
from tests.worlds.ledger_files import ENGINE, write_ledger_files

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)

# What dbt would carry over: a table as of its commit, a hot view over it, a macro over the ledger.
ON_HAND = """
with base as (select item_id, location_id, on_hand_units from "stock"."on_hand_base"),
tail as (
    select item_id, to_location_id as location_id, units as on_hand_units from ledger.movements_new
    union all
    select item_id, from_location_id, -units from ledger.movements_new
)
select item_id, location_id, sum(on_hand_units)::bigint as on_hand_units
from (select * from base union all select * from tail)
group by all
"""
MACRO = """
create or replace macro core.on_hand_as_of(ts) as table
select item_id, to_location_id as location_id, sum(units)::bigint as units
from ledger.movements where occurred_at <= ts group by all
"""


def row(table: str, **values: Any) -> dict[str, Any]:
    """One ledger row with nulls where nothing is said."""
    return {column: values.get(column) for column in LEDGER_TABLES[table]}


def movement(number: int, units: int, commit: int, *, item: int = 1) -> dict[str, Any]:
    """`units` of an item into place 10 from place 90, brought by `commit`."""
    return row(
        "movements",
        movement_id=number,
        event_id=f"00000000-0000-0000-0000-{number:012d}",
        movement_kind="receipt",
        item_id=item,
        from_location_id=90,
        to_location_id=10,
        to_stock_state="sellable",
        owner_id=0,
        lot_code="",
        units=units,
        occurred_at=NOON,
        known_at=NOON,
        source_feed="wms",
        is_reversal=False,
        commit_id=commit,
    )


def write_ledger(home: Home, *, commit: int, rows: dict[str, Sequence[dict[str, Any]]] | None = None, name: str = "a") -> dict[str, Any]:
    """Add one Parquet file a table to the ledger's current list and return the list."""
    return write_ledger_files(
        home.ledger, name, rows or {}, commit=commit, ledger_hash=f"h{commit}", newest_known_at=NOON.isoformat(),
        newest_occurred_at=NOON.isoformat(), written_at=NOON.isoformat(),
    )  # fmt: skip


def write_marts(home: Home, *, commit: int, on_hand: int, number: int = 1) -> MartsBuild:
    """A build whose one stock table says that item 1 has `on_hand` units in place 10."""
    folder = home.marts / f"{number:06d}-c{commit}"
    folder.mkdir(parents=True)
    ENGINE.execute(f"copy (select {commit}::bigint commit_id, 'h' ledger_hash, now() pinned_at) to '{folder}/ledger.pin.parquet'")
    base = f"select 1::bigint item_id, 10::bigint location_id, {on_hand}::bigint on_hand_units"
    ENGINE.execute(f"copy ({base}) to '{folder}/stock.on_hand_base.parquet'")
    relations = (
        Relation("ledger", "pin", "parquet", file="ledger.pin.parquet"),
        Relation("stock", "on_hand_base", "parquet", file="stock.on_hand_base.parquet", comment="Grain: item × location."),
        Relation(
            "stock",
            "on_hand",
            "view",
            sql=ON_HAND,
            is_hot=True,
            comment="Grain: item × location.",
            column_comments={"on_hand_units": "base units, the shop's own"},
        ),
        Relation("core", "on_hand_as_of", "macro", sql=MACRO, is_hot=True),
    )
    build = MartsBuild(folder.name, folder, commit, "h", NOON, relations)
    (folder / "build.json").write_text(json.dumps(build.to_json()))
    return build


def publication(commit: int, at: dt.datetime = NOON) -> Publication:
    """What the owner would say of that commit."""
    return Publication(published_at=at, newest_known_at=NOON, newest_occurred_at=NOON, commit_id=commit, ledger_hash=f"h{commit}")


def make_home(folder: Path) -> Home:
    """An empty home."""
    return Home(folder).make()
