"""What one late event costs: a build after it writes the days it touches and no others, of one key among many."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.worlds.dbt_builds import ask, build
from tests.worlds.small_ledger import SmallLedger, number

DAYS, LATE_BY = 120, 90
ITEMS, PLACES = ("TEA", "MUG", "CUP", "JAR"), ("PAR", "LYS", "NCE")
NEWEST = dt.date(2026, 6, 30)
SELECTED = ("--select", "+demand__daily", "--exclude", "resource_type:test")
Keyed = tuple[int, int, dt.date]


def written(home: Path, table: str, day: str, commit_id: int) -> set[Keyed]:
    """Item, place and day of the rows that the build of this commit wrote."""
    return set(ask(home, f"select item_id, location_id, {day} from {table} where built_commit_id = ?", commit_id))


def others(home: Path, table: str, day: str, touched: set[Keyed]) -> list[tuple[object, ...]]:
    """Every row whose key and day are not among these, with the build that wrote it."""
    rows = ask(home, f"select item_id, location_id, {day}, * from {table} order by all")
    return [row for row in rows if row[:3] not in touched]


def test_a_late_event_of_ninety_days_ago_rewrites_only_its_key_from_its_day_on(tmp_path: Path) -> None:
    ledger = SmallLedger(tmp_path)
    for place in PLACES:
        ledger.location(place)
    for item in ITEMS:
        ledger.item(item)
    days = [NEWEST - dt.timedelta(days=back) for back in range(DAYS)]
    for item in ITEMS:
        for place in PLACES:
            ledger.move("opening", f"{days[-1]}T06:00:00+02:00", item, 1000, "OPENING", f"{place}/sellable_accessible")
            for day in days:
                ledger.sale(f"{day}T10:00:00+02:00", item, 1, place)
    ledger.commit()
    assert build(tmp_path, *SELECTED) == []
    late_on = NEWEST - dt.timedelta(days=LATE_BY)
    touched = {(number("TEA"), number("PAR"), day) for day in days if day >= late_on}
    tables = {"stock.daily": "stock_on", "demand.daily": "demand_on"}
    before = {table: others(tmp_path, table, day, touched) for table, day in tables.items()}
    assert {len(rows) for rows in before.values()} == {len(ITEMS) * len(PLACES) * DAYS - len(touched)}

    ledger.sale(f"{late_on}T11:00:00+02:00", "TEA", 5, "PAR", known_at=f"{NEWEST}T20:00:00+02:00")
    late = ledger.commit()
    assert build(tmp_path, *SELECTED) == []

    assert len(touched) == LATE_BY + 1  # of 1,440 rows
    for table, day in tables.items():
        assert written(tmp_path, table, day, late) <= touched, f"{table} was written where nothing changed"
        assert others(tmp_path, table, day, touched) == before[table]
    # every later day closes 5 lower, so all of them had to be written; of demand only the day itself differs
    assert written(tmp_path, "stock.daily", "stock_on", late) == touched
    assert (number("TEA"), number("PAR"), late_on) in written(tmp_path, "demand.daily", "demand_on", late)
    closing = "select closing_units from stock.daily where item_id = ? and location_id = ? and stock_on = ?"
    assert ask(tmp_path, closing, number("TEA"), number("PAR"), NEWEST) == [(1000 - DAYS - 5,)]

    # the same question tells a build that rewrites everything from one that does not
    assert build(tmp_path, "--full-refresh", *SELECTED) == []
    assert len(written(tmp_path, "stock.daily", "stock_on", late)) == len(ITEMS) * len(PLACES) * DAYS
