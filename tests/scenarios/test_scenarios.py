"""Every folder here is a story in a planner's words.

What was sent is in `landing*/`, seen when `scans.csv` says; what must come out is in `expected/*.csv`. Two witnesses
are asked the same: the oracle, and the product's ledger. A new story needs a folder, no code.
"""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from oracle import driver, shuffle
from oracle.driver import Ledger, Scan

HERE = Path(__file__).parent
STORIES = sorted(path.parent.name for path in HERE.glob("*/scans.csv"))
SMALL = HERE / "a_small_distributor"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def scans(story: str) -> list[Scan]:
    return [(HERE / story / row["folder"], utc(row["seen_at"])) for row in table(HERE / story / "scans.csv")]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expectation(story: str, name: str, key: list[str], value: str) -> dict[tuple[str, ...], int] | None:
    """A table of the story as key → units; None where the story says nothing about it."""
    path = HERE / story / "expected" / f"{name}.csv"
    return {tuple(row[column] for column in key): int(row[value]) for row in table(path)} if path.exists() else None


def by_state(stock: driver.Stock) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    for (item, location, state, _, _), units in stock.items():
        found[item, location, state] = found.get((item, location, state), 0) + units
    return {key: units for key, units in found.items() if units}


def check(story: str, name: str, key: list[str], value: str, found: Mapping[Any, int]) -> None:
    wanted = expectation(story, name, key, value)
    if wanted is not None:
        assert found == wanted, f"{story}: {name}"


def check_accounting(story: str, accounting: dict[str, tuple[int, ...]]) -> None:
    wanted = {
        row["file"]: tuple(int(row[n]) for n in ("rows_in", "accepted", "duplicate", "corrected", "quarantined"))
        for row in table(HERE / story / "expected/deliveries.csv")
    }
    assert {uri: counts for uri, counts in accounting.items() if not uri.startswith("reference/")} == wanted
    assert all(counts[0] == sum(counts[1:]) for counts in accounting.values())


def check_quarantine(story: str, found: set[tuple[str, int, bool]]) -> None:
    path = HERE / story / "expected" / "quarantine.csv"
    wanted = {(row["file"], int(row["line_no"]), row["is_waiting"] == "true") for row in table(path)} if path.exists() else set()
    assert found == wanted


STATE, TRANSIT = ["item_code", "location_code", "stock_state"], ["item_code", "document_kind", "document_id", "document_line"]


@pytest.mark.parametrize("story", STORIES)
def test_the_oracle_tells_the_story(story: str) -> None:
    made = driver.expected(scans(story))
    assert by_state(made.on_hand()) == expectation(story, "on_hand", STATE, "on_hand_units")
    check_accounting(story, dict(made.accounting()))
    check_quarantine(story, {(uri, line, waits) for uri, line, _, waits in made.quarantine()})
    check(story, "in_transit", TRANSIT, "units", made.in_transit())
    demand: dict[tuple[str, ...], int] = {}
    for (item, _, channel, day), units in made.demand().items():
        demand[item, channel, day] = demand.get((item, channel, day), 0) + units
    check(story, "demand", ["item_code", "channel_code", "demand_on"], "gross_units", demand)
    for name, key, value, found in (
        ("position", ["item_code", "location_code"], "inventory_position_units", made.position()),
        ("availability", ["item_code", "channel_code"], "ats_units", made.availability()),
    ):
        wanted = expectation(story, name, key, value) or {}
        assert {pair: found[pair] for pair in wanted} == wanted  # type: ignore[index]
    for row in table(path) if (path := HERE / story / "expected/on_hand_as_known.csv").exists() else []:
        known = driver.expected([scan for scan in scans(story) if scan[1] <= utc(row["known_at"])])
        assert by_state(known.on_hand(utc(row["at"]))).get(tuple(row[column] for column in STATE), 0) == int(row["on_hand_units"]), row


@pytest.mark.parametrize("story", STORIES)
def test_the_ledger_tells_the_story(story: str, tmp_path: Path) -> None:
    driver.deliver_all(tmp_path, scans(story))
    ledger = Ledger(tmp_path)
    assert by_state(ledger.on_hand()) == expectation(story, "on_hand", STATE, "on_hand_units")
    check_accounting(story, ledger.accounting())
    check_quarantine(story, ledger.quarantine())
    check(story, "in_transit", TRANSIT, "units", ledger.in_transit())
    differences = {key: units for key, units in ledger.net_units().items() if key[2] == "count"}
    check(story, "count_differences", ["item_code", "location_code", "movement_kind"], "delta_units", differences)
    for row in table(path) if (path := HERE / story / "expected/on_hand_as_known.csv").exists() else []:
        found = by_state(ledger.on_hand(utc(row["at"]), utc(row["known_at"])))
        assert found.get(tuple(row[column] for column in STATE), 0) == int(row["on_hand_units"]), row


def small_scans(tmp_path: Path, way: str) -> list[Scan]:
    """The small distributor's week, sent in another way; W21's second content never comes before its first."""
    seen_at = scans("a_small_distributor")[0][1]
    if way == "twice over":
        return [(SMALL / "landing", seen_at), (SMALL / "landing", seen_at)]
    if way == "twice under other names":
        for path in sorted(p for p in (SMALL / "landing").rglob("*") if p.is_file()):
            target = tmp_path / path.relative_to(SMALL / "landing").parent / f"{path.name.split('.')[0]}-again.{path.name.split('.', 1)[1]}"
            target.parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(path, target)
        return [(SMALL / "landing", seen_at), (tmp_path, seen_at)]
    if way == "cut into single lines":
        shuffle.cut_into_lines(SMALL / "landing", tmp_path / "1")
        second = tmp_path / "2" / "wms" / "02-movements-014.jsonl"
        second.parent.mkdir(parents=True)
        shutil.move(tmp_path / "1" / "wms" / second.name, second)
        return [(tmp_path / "1", seen_at), (tmp_path / "2", seen_at)]
    files = sorted(p for p in (SMALL / "landing").rglob("*") if p.is_file())
    random.Random(way).shuffle(files)
    made = []
    for number, path in enumerate(files):
        target = tmp_path / str(number) / path.relative_to(SMALL / "landing")
        target.parent.mkdir(parents=True)
        shutil.copy(path, target)
        made.append((tmp_path / str(number), seen_at))
    return made


WAYS = ("twice over", "twice under other names", "cut into single lines", "file by file, order 1", "file by file, order 2")


@pytest.mark.parametrize("way", WAYS)
def test_the_small_distributor_is_the_same_however_it_is_sent(way: str, tmp_path: Path) -> None:
    sent = small_scans(tmp_path / "sent", way)
    assert by_state(driver.expected(sent).on_hand()) == expectation("a_small_distributor", "on_hand", STATE, "on_hand_units")
    driver.deliver_all(tmp_path / "home", sent)
    ledger = Ledger(tmp_path / "home")
    assert by_state(ledger.on_hand()) == expectation("a_small_distributor", "on_hand", STATE, "on_hand_units")
    if way.startswith(("file by file", "twice over")):
        check_accounting("a_small_distributor", ledger.accounting())


def test_a_lamp_that_becomes_known_posts_and_nothing_else_changes(tmp_path: Path) -> None:
    later = tmp_path / "later"
    (later / "reference").mkdir(parents=True)
    (later / "reference" / "items.csv").write_text("item_code,item_name,item_kind,base_uom_code\nLAMP,Lamp,stock,EA\n", encoding="utf-8")
    sent = [*scans("a_small_distributor"), (later, utc("2026-03-09T08:00:00+01:00"))]
    wanted = (expectation("a_small_distributor", "on_hand", STATE, "on_hand_units") or {}) | {("LAMP", "DC1", "in_progress"): 5}
    assert by_state(driver.expected(sent).on_hand()) == wanted
    driver.deliver_all(tmp_path / "home", sent)
    assert by_state(Ledger(tmp_path / "home").on_hand()) == wanted


def test_as_known_before_the_late_file_nothing_was_scrapped_and_the_count_found_eleven_missing(tmp_path: Path) -> None:
    first, late = tmp_path / "first", tmp_path / "late"
    shutil.copytree(SMALL / "landing", first)
    (late / "wms").mkdir(parents=True)
    shutil.move(first / "wms" / "03-late.jsonl", late / "wms" / "03-late.jsonl")
    before, after = utc("2026-03-08T20:00:00+01:00"), utc("2026-03-09T20:00:00+01:00")
    driver.deliver_all(tmp_path / "home", [(first, before), (late, after)])
    ledger = Ledger(tmp_path / "home")
    evening, tea = utc("2026-03-06T23:00:00+01:00"), ("TEA", "DC1", "sellable_not_accessible", "", "")
    for known_at, scrapped, found_missing in ((before, 0, -11), (after, -3, -8)):
        assert ledger.on_hand(evening, known_at)[tea] == 45
        kinds = ledger.rows(
            """select coalesce(sum(delta) filter (movement_kind = 'scrap'), 0)::BIGINT, sum(delta) filter (movement_kind = 'count')::BIGINT
            from legs join named_items using (item_id) join named_places using (location_id)
            where item = 'TEA' and location = 'DC1' and known_at <= ?::TIMESTAMPTZ""",
            known_at.replace(tzinfo=UTC),
        )
        assert kinds == [(scrapped, found_missing)]
