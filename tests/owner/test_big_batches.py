"""The short way of big batches knows much beforehand; what it writes is what the long way writes, row by row."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import stages
from pipelines.ingest.pipeline import ingest_batch
from pipelines.ingest.sources.files import landing_of
from pipelines.owner.apply import bulk
from pipelines.owner.apply.zones import day_cases, shifts_of
from pipelines.settings import Settings
from pipelines.spool import Spool
from tests.worlds.small_home import KNOWN_AT, REFERENCE, SmallHome, pos

ZONES = {
    "RABAT": "Africa/Casablanca",
    "HOWE": "Australia/Lord_Howe",
    "JOHNS": "America/St_Johns",
    "KATH": "Asia/Kathmandu",
    "PAR": "Europe/Paris",
}
LOCATIONS = "location_code,location_name,location_kind,time_zone\n" + "".join(
    f"{code},{code},store,{zone}\n" for code, zone in ZONES.items()
)
Row = dict[str, Any]


def sales(number: int, **same: Any) -> list[Row]:
    """Sales of two years, one every few hours, at all places in turn; `same` is said by every one."""
    begin = datetime(2024, 1, 1)
    return [
        pos(f"T{n}", 1, "sale", (begin + timedelta(minutes=997 * n)).isoformat(), ("MUG", "TEE")[n % 2], 1 + n % 3, **same)
        | {"location_code": list(ZONES)[n % len(ZONES)]}
        for n in range(number)
    ]  # fmt: skip


def written(folder: Path, *, strip: bool = False, **files: list[Row]) -> tuple[str, list[tuple[Any, ...]]]:
    """The ledger hash and all movements after one delivery of the files; `strip` takes out of the manifests what is new in them."""
    home = SmallHome(folder, reference=False)
    reference = {f"reference/{name}.csv": text for name, text in {**REFERENCE, "locations": LOCATIONS}.items()}
    lines = {name: "".join(json.dumps(row) + "\n" for row in rows) for name, rows in files.items()}
    for name, text in {**reference, **lines}.items():
        path = folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    landing = landing_of(home.home, Settings(), folder / "landing")
    ingest_batch(home.home, [landing], clock=lambda: KNOWN_AT, engine="direct")
    spool = Spool(home.home.spool)
    for path in spool.manifests.glob("*.json") if strip else ():
        path.write_text(json.dumps({name: value for name, value in json.loads(path.read_text()).items() if name != "constants"}))
    stages.flush(home.home, clock=lambda: KNOWN_AT)
    return home.current["ledger_hash"], home.rows("select * exclude (commit_id) from movements order by movement_id, known_at")


def without_offset(rows: list[Row]) -> list[Row]:
    return [row | {"occurred_at": row["occurred_at"][:19]} for row in rows]


ODD: dict[int, Row] = {3: {"item_code": "NONE"}, 7: {"quantity": 0.5}, 8: {"quantity": 1_000_001}, 9: {"quantity": 1_000_000}}

WORLDS: dict[str, dict[str, list[Row]]] = {
    "one file, all alike": {"pos/a.jsonl": sales(1200)},
    "quotes in what is alike": {"pos/a.jsonl": sales(300, campaign_code="mother's day", register_no="o'1")},
    "two files that differ in what is alike": {
        "pos/a.jsonl": sales(200, currency_code="EUR", unit_price_amount="1.50"),
        "pos/b.jsonl": [row | {"document_id": f"U{n}", "occurred_at": row["occurred_at"][:19] + "+02:00"}
                        for n, row in enumerate(sales(200, currency_code="USD", unit_price_amount="2.25"))],
    },
    "two systems": {"pos/north/a.jsonl": sales(150), "pos/south/b.jsonl": sales(150)},
    "local times": {"pos/a.jsonl": without_offset(sales(400))},
    "copies, unknown codes, fractions and absurd quantities among them": {
        "pos/a.jsonl": [row | ODD.get(n % 60, {}) for n, row in enumerate(sales(300))] + sales(20),
    },
}  # fmt: skip


@pytest.mark.parametrize("world", WORLDS)
def test_the_short_way_writes_the_same_movements_as_the_long_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: str) -> None:
    monkeypatch.setattr(bulk, "BULK_ROWS", 10**9)
    by_the_long_way = written(tmp_path / "long", **WORLDS[world])
    monkeypatch.setattr(bulk, "BULK_ROWS", 50)
    assert written(tmp_path / "short", **WORLDS[world]) == by_the_long_way
    assert len(by_the_long_way[1]) >= 90


def test_manifests_of_an_earlier_version_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BULK_ROWS", 50)
    world = WORLDS["two files that differ in what is alike"]
    assert written(tmp_path / "old", strip=True, **world) == written(tmp_path / "new", **world)


@pytest.fixture
def engine() -> Any:
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        yield con


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text + "+00:00").timestamp()) * 1_000_000


def test_morocco_changes_twice_around_ramadan_and_both_are_found(engine: Any) -> None:
    (found,) = shifts_of(engine, ["Africa/Casablanca"], micros("2025-02-01T00:00:00"), micros("2025-04-30T00:00:00"))
    hour = 3_600_000_000
    assert found.spans[:2] == ((micros("2025-02-23T02:00:00"), hour), (micros("2025-04-06T02:00:00"), 0))
    assert found.spans[2][1] == hour


ODD_ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "America/Caracas", "America/St_Johns", "Antarctica/Casey", "Antarctica/Troll", "Asia/Gaza", "Asia/Kathmandu",
    "Asia/Pyongyang", "Asia/Tehran", "Australia/Eucla", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati",
)  # fmt: skip
"""Shifts of half and quarter hours, at a minute past midnight, twice within a month, or over the date line."""


@pytest.mark.parametrize(("low", "high"), [("2006-01-01T00:00:00", "2011-12-31T00:00:00"), ("2024-01-01T00:00:00", "2026-12-31T00:00:00")])
def test_days_by_shifts_are_the_engines_own(engine: Any, low: str, high: str) -> None:
    """Looked at are midnights, and the last microsecond before and the first of each shift."""
    zones = [name for (name,) in engine.execute("select name from pg_timezone_names() where name like '%/%' order by 1").fetchall()]
    zones = [*ODD_ZONES, *zones[::15]]
    first, last = micros(low), micros(high)
    wrong = []
    for begin in range(0, len(zones), 8):
        for found in shifts_of(engine, zones[begin : begin + 8], first, last):
            at = [edge for until, _ in found.spans[:-1] for edge in (until - 1, until)]
            engine.execute("create or replace temp table looks as select unnest(?::BIGINT[]) as occurred_us", [at])
            engine.execute(
                f"insert into looks select us + d from range({first}, {last}, {97 * 3_600_000_000}) r(us), (values (-1), (0), (7199999999)) s(d)"
            )
            for zone in found.zones:
                wrong += engine.execute(f"""
                    select '{zone}', occurred_us from (select '{zone}' as day_zone, occurred_us from looks)
                    where (case {day_cases([found])} end) is distinct from timezone('{zone}', make_timestamptz(occurred_us))::DATE""").fetchall()
                shifted = " ".join(f"when occurred_us < {until} then {shift}" for until, shift in found.spans)
                wrong += engine.execute(f"""
                    select '{zone}', occurred_us from looks
                    where (case {shifted} end) is distinct from epoch_us(timezone('{zone}', make_timestamptz(occurred_us))) - occurred_us""").fetchall()
    assert wrong == []


def test_where_shifts_are_too_many_the_engine_is_asked_row_by_row(engine: Any) -> None:
    assert shifts_of(engine, ["Europe/Paris"], micros("2000-01-01T00:00:00"), micros("2026-01-01T00:00:00")) == []
    assert shifts_of(engine, [], 0, 1) == []


def test_rows_of_files_without_a_revision_post_once_beside_one_that_has_them(tmp_path: Path) -> None:
    order = {
        "event_kind": "po_created", "document_id": "P1", "document_line": "1", "supplier_code": "SUP", "location_code": "DC",
        "occurred_at": "2026-03-01T09:00:00+01:00", "item_code": "MUG", "quantity": 6, "source_revision": 2,
    }  # fmt: skip
    sold = [pos("T1", line, "sale", "2026-03-02T11:00:00", "TEE", 1) for line in range(1, bulk.BULK_ROWS + 1)]
    home = SmallHome(tmp_path)
    home.deliver(**{"pos/1.jsonl": sold, "supply/1.jsonl": [order]})
    assert home.rows("select count(*), sum(units)::BIGINT from movements") == [(bulk.BULK_ROWS, bulk.BULK_ROWS)]
