"""What a set of lines posts is a function of the set: not of the order, the cut, the format, the number of copies or of kills.

Random worlds are sent in random schedules; the ledger is read from its Parquet and compared with the oracle.
`PARSTOCK_SCHEDULES` sets how many schedules are tried (default 6); a failing one is printed with its seeds.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle import driver, generate, pen, shuffle
from oracle.driver import Ledger

SCHEDULES = int(os.environ.get("PARSTOCK_SCHEDULES", "6"))
LINES = int(os.environ.get("PARSTOCK_SCHEDULE_LINES", "250"))
WORLDS = 3
"""Few worlds and many schedules: the hash of a world's plain schedule is computed once."""

tries = settings(
    max_examples=SCHEDULES,
    deadline=None,
    derandomize="PARSTOCK_SCHEDULES" not in os.environ,
    print_blob=True,
    # a failing schedule names its seeds; making it smaller takes minutes and is for a person at work on it
    phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if "PARSTOCK_SHRINK" in os.environ else [])],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@cache
def plain_hash(world_seed: int) -> str:
    """The ledger hash of a world that is sent once, in order, one file a feed."""
    with tempfile.TemporaryDirectory(prefix="parstock-") as name:
        folder = Path(name)
        folders = shuffle.write(
            folder / "landing",
            generate.lines(world_seed, LINES),
            shuffle.Schedule(0, files=1, copy_rate=0, csv_rate=0, gzip_rate=0, resend_rate=0),
        )
        driver.deliver_all(folder / "home", driver.scans_from(folders, pen.KNOWN_AT))
        return Ledger(folder / "home").hash


@tries
@given(world_seed=st.integers(0, WORLDS - 1), schedule=shuffle.schedules())
def test_any_schedule_of_a_set_gives_the_oracles_stock_and_one_hash(world_seed: int, schedule: shuffle.Schedule) -> None:
    with tempfile.TemporaryDirectory(prefix="parstock-") as name:
        folder = Path(name)
        scans = driver.scans_from(shuffle.write(folder / "landing", generate.lines(world_seed, LINES), schedule), pen.KNOWN_AT)
        for (landing, known_at), kill in itertools.zip_longest(scans, schedule.kills[: len(scans)]):
            if kill:
                driver.killed_at(kill, folder / "home", landing, known_at)
            driver.deliver(folder / "home", landing, known_at)
        ledger, oracle = Ledger(folder / "home"), driver.expected(scans)
        assert driver.differences(ledger.on_hand(), driver.by_owner(oracle.on_hand())) == {}
        assert ledger.in_transit() == oracle.in_transit()
        assert ledger.rows("select movement_id, item_id from legs group by all having sum(delta) <> 0") == []
        accounting = ledger.accounting()
        assert [uri for uri, counts in accounting.items() if counts[0] != sum(counts[1:])] == []
        assert driver.totals(accounting) == driver.totals(dict(oracle.accounting()))
        # what was known at each scan is what the oracle makes of the scans up to then
        for number, (_, known_at) in enumerate(scans[:-1], start=1):
            then = driver.by_owner(driver.expected(scans[:number]).on_hand())
            assert driver.differences(ledger.on_hand(known_at=known_at), then) == {}, f"as known after scan {number}"
        assert ledger.hash == plain_hash(world_seed)


def test_delivering_everything_again_changes_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="parstock-") as name:
        folder = Path(name)
        scans = driver.scans_from(generate.write(folder / "landing", seed=7, events=LINES), pen.KNOWN_AT)
        driver.deliver_all(folder / "home", scans)
        once = Ledger(folder / "home")
        stock, accounting, movements = once.on_hand(), once.accounting(), once.rows("select count(*) from movements")
        driver.deliver_all(folder / "home", [(landing, known_at) for landing, known_at in scans])
        again = Ledger(folder / "home")
        assert (again.hash, again.on_hand(), again.rows("select count(*) from movements")) == (once.hash, stock, movements)
        # the second scan's reference files replaced the first's under the same paths, so that the first's content is a new delivery
        is_event = {uri: counts for uri, counts in again.accounting().items() if not uri.startswith("reference/")}
        assert is_event == {uri: counts for uri, counts in accounting.items() if not uri.startswith("reference/")}


def test_a_contradiction_is_set_aside_and_what_came_first_stands() -> None:
    with tempfile.TemporaryDirectory(prefix="parstock-") as name:
        folder = Path(name)
        scans = driver.scans_from(generate.write(folder / "landing", seed=11, events=60, has_conflicts=True), pen.KNOWN_AT)
        driver.deliver_all(folder / "home", scans)
        ledger, oracle = Ledger(folder / "home"), driver.expected(scans)
        assert driver.differences(ledger.on_hand(), driver.by_owner(oracle.on_hand())) == {}
        assert ledger.quarantine() == {(uri, line, waits) for uri, line, _, waits in oracle.quarantine()}


def test_the_published_stock_is_the_ledgers() -> None:
    with tempfile.TemporaryDirectory(prefix="parstock-") as name:
        folder = Path(name)
        first, later = driver.scans_from(generate.write(folder / "landing", seed=13, events=LINES), pen.KNOWN_AT)
        driver.deliver(folder / "home", *first)
        driver.build(folder / "home", first[1])
        driver.deliver(folder / "home", *later)  # published beyond the build: the hot views add what came after
        assert driver.differences(driver.published_on_hand(folder / "home"), Ledger(folder / "home").on_hand()) == {}
