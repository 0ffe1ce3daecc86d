"""Killed at any moment, started again, and nothing is lost, doubled or half done.

`PARSTOCK_KILLS` sets how many random kills there are (default 20), `PARSTOCK_KILL_SEED` the seed of their moments.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest
from oracle import driver, generate, pen, shuffle
from oracle.driver import Ledger

from faults import killing

KILLS = int(os.environ.get("PARSTOCK_KILLS", "20"))
SEED = int(os.environ.get("PARSTOCK_KILL_SEED", "1"))
AS_OF = (pen.KNOWN_AT + timedelta(hours=1)).isoformat() + "+00:00"


def parts_of_a_world(folder: Path, seed: int, parts: int) -> list[Path]:
    """A world cut into landing folders: the reference data first, then one part after the other."""
    schedule = shuffle.Schedule(seed, scans=max(parts, 2), files=2, copy_rate=0.1, resend_rate=0.1)
    return shuffle.write(folder, generate.lines(seed, 400), schedule)


def drop(part: Path, landing: Path, feed: str = "*") -> None:
    """Put a part's files (of one feed) into a landing folder, each appearing whole; a later reference file gets a name of its own."""
    for path in sorted(p for p in part.glob(f"{feed}/**/*") if p.is_file()):
        target = landing / path.relative_to(part)
        if target.exists():
            target = target.with_name(f"{target.name.split('.')[0]}-{part.name}.{target.name.split('.', 1)[1]}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target.with_name(f".{target.name}"))
        target.with_name(f".{target.name}").rename(target)


def check(home: Path, landing: Path) -> None:
    """The home says what the oracle makes of the landing folder, whatever happened on the way."""
    ledger, oracle = Ledger(home), driver.expected([(landing, pen.KNOWN_AT)])
    assert driver.differences(ledger.on_hand(), driver.by_owner(oracle.on_hand())) == {}
    accounting = ledger.accounting()
    assert [uri for uri, counts in accounting.items() if counts[0] != sum(counts[1:])] == []
    assert driver.totals(accounting) == driver.totals(dict(oracle.accounting()))
    if (home / "published" / "parstock.duckdb").exists():
        assert driver.differences(driver.published_on_hand(home), ledger.on_hand()) == {}
    assert [path.name for path in (home / "spool").rglob("*.tmp")] == [], "half-written files are cleaned up"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of which readers have a first, empty version: from then on every ingest publishes, and none of them builds."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "landing").mkdir()
    killing.finish(
        killing.start(folder / "log", "ingest", "--from", folder / "landing", "--home", folder / "home", "--as-of", AS_OF), folder / "log"
    )
    return folder / "home"


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory, published: Path) -> tuple[Path, str, float]:
    """A landing folder, the ledger hash of a home that took it undisturbed, and how long that took."""
    folder = tmp_path_factory.mktemp("unharmed")
    for part in parts_of_a_world(folder / "parts", seed=SEED, parts=2):
        drop(part, folder / "landing")
    shutil.copytree(published, folder / "home", symlinks=True)
    log = folder / "log"
    begin = time.monotonic()
    killing.finish(killing.start(log, "ingest", "--from", folder / "landing", "--home", folder / "home", "--as-of", AS_OF), log)
    took = time.monotonic() - begin
    check(folder / "home", folder / "landing")
    return folder / "landing", Ledger(folder / "home").hash, took


@pytest.mark.timeout(900)
def test_twenty_random_kills_of_ingest_and_owner_lose_and_double_nothing(tmp_path: Path, unharmed: tuple[Path, str, float]) -> None:
    chance = random.Random(SEED)
    home, log = tmp_path / "home", tmp_path / "log"
    parts = parts_of_a_world(tmp_path / "parts", seed=SEED + 1, parts=KILLS)
    for part in parts:  # the standing processes have a clock of their own, and versions of reference rows go by when they were known
        drop(part, home / "landing", feed="reference")
        shutil.rmtree(part / "reference", ignore_errors=True)
    drop(parts.pop(0), home / "landing")
    killing.finish(killing.start(log, "run", "--home", home, "--as-of", AS_OF), log)  # a home that publishes
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        assert rounds <= 5 * KILLS, f"only {kills} kills in {rounds} rounds (seed {SEED})"
        if parts:
            drop(parts.pop(0), home / "landing")
        standing = chance.random() < 0.3
        command = ("up", "--home", home) if standing else ("ingest", "--from", home / "landing", "--home", home, "--as-of", AS_OF)
        kills += killing.kill_after(killing.start(log, *command), chance.uniform(0.2, 1.2 if standing else 1.0) * unharmed[2])
    for part in parts:
        drop(part, home / "landing")
    killing.finish(killing.start(log, "ingest", "--from", home / "landing", "--home", home, "--as-of", AS_OF), log)
    check(home, home / "landing")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", killing.FAILPOINTS)
def test_a_kill_at_a_named_point_is_made_good_by_the_next_run(
    point: str, tmp_path: Path, published: Path, unharmed: tuple[Path, str, float]
) -> None:
    landing, undisturbed_hash, _ = unharmed
    home, log = tmp_path / "home", tmp_path / "log"
    shutil.copytree(published, home, symlinks=True)
    arguments = ("ingest", "--from", landing, "--home", home, "--as-of", AS_OF)
    harmed = killing.start(log, *arguments, environment={"PARSTOCK_FAIL_AT": point})
    assert harmed.wait(timeout=180) != 0, f"nothing passes {point}"
    killing.finish(killing.start(log, *arguments), log)
    check(home, landing)
    assert Ledger(home).hash == undisturbed_hash
