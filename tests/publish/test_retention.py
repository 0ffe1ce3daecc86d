"""What stays and what goes, on an injected clock."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb

from pipelines.marts.build_files import build_folders
from pipelines.publish.names import current_version, files_named_by, version_file, versions
from pipelines.publish.retention import retain
from pipelines.publish.snapshot import Publisher
from pipelines.settings import Home
from tests.worlds.small_marts import NOON, make_home, movement, publication, write_ledger, write_marts

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)


def publish_each(home: Home, instants: list[dt.datetime]) -> None:
    """One version an instant, numbered from 1."""
    ledger = write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    marts = write_marts(home, commit=1, on_hand=5)
    with Publisher(home) as publisher:
        for version, instant in enumerate(instants, start=1):
            publisher.publish(version=version, ledger=ledger, tail={}, marts=marts, publication=publication(1, instant))


def compact_and_publish_often(home: Home) -> None:
    """A compaction, the same rows under another name, and so many versions since that none names the file of before."""
    (home.ledger / "current.json").unlink()
    merged = write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]}, name="merged")
    marts = write_marts(home, commit=1, on_hand=5, number=2)
    with Publisher(home) as publisher:
        for version in range(2, 23):
            publisher.publish(version=version, ledger=merged, tail={}, marts=marts, publication=publication(1, NOON + version * SECOND))


def test_the_newest_twenty_stay_and_the_last_of_each_minute_for_an_hour(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    # versions 1 to 40: four a minute in ten minutes
    publish_each(home, [NOON + n * 15 * SECOND for n in range(40)])

    deleted = retain(home, now=NOON + 10 * MINUTE)

    assert versions(home) == [4, 8, 12, 16, 20, *range(21, 41)]
    assert deleted.versions == [number for number in range(1, 20) if number % 4]
    assert not files_named_by(home, 1).exists()
    retain(home, now=NOON + 3 * HOUR)
    assert versions(home) == list(range(21, 41))
    assert current_version(home) == 40


def test_a_ledger_file_goes_when_an_hour_unlisted_and_no_kept_version_names_it(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    publish_each(home, [NOON])
    old = home.ledger / "movements" / "a.parquet"
    compact_and_publish_often(home)

    retain(home, now=NOON + MINUTE)
    assert old.exists(), "just unlisted: a build may be reading it"
    retain(home, now=NOON + 30 * MINUTE)
    assert old.exists()
    gone = retain(home, now=NOON + 62 * MINUTE)

    assert not old.exists()
    assert "ledger/movements/a.parquet" in gone.ledger_files
    assert gone.mart_builds == ["000001-c1"]
    assert [folder.name for folder in build_folders(home)] == ["000002-c1"]
    assert (home.ledger / "movements" / "merged.parquet").exists()
    con = duckdb.connect(str(version_file(home, 3)), read_only=True)
    assert con.execute("select count(*) from ledger.movements").fetchall() == [(1,)]


def test_a_file_that_a_kept_version_names_stays_however_old(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    publish_each(home, [NOON])
    (home.ledger / "current.json").unlink()
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]}, name="merged")

    for hours in (0, 2, 4):
        retain(home, now=NOON + hours * HOUR)

    con = duckdb.connect(str(home.published_file.resolve()), read_only=True)
    assert con.execute("select count(*) from ledger.movements").fetchall() == [(1,)]


def test_a_file_that_the_marts_of_dbt_read_stays_however_old_and_goes_when_they_read_another(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    publish_each(home, [NOON])
    pinned = home.warehouse / "marts.duckdb.ledger.json"
    pinned.write_text(json.dumps({"list": json.loads((home.ledger / "current.json").read_text())}))
    old = home.ledger / "movements" / "a.parquet"
    compact_and_publish_often(home)

    for hours in (0, 2, 4):
        retain(home, now=NOON + hours * HOUR)
    assert old.exists()
    pinned.write_text("")
    retain(home, now=NOON + 6 * HOUR)
    assert old.exists(), "a list that cannot be read is being written"
    pinned.write_text(json.dumps({"list": json.loads((home.ledger / "current.json").read_text())}))
    retain(home, now=NOON + 8 * HOUR)
    assert not old.exists()


def test_a_file_not_listed_yet_is_not_taken_for_an_old_one(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    publish_each(home, [NOON])
    retain(home, now=NOON)
    (home.ledger / "movements" / "just_written.parquet").write_bytes(b"rows on their way to the list")

    retain(home, now=NOON + 2 * HOUR)

    assert (home.ledger / "movements" / "just_written.parquet").exists()


def test_a_version_whose_list_is_lost_keeps_every_parquet_file(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    publish_each(home, [NOON])
    files_named_by(home, 1).unlink()
    stray = home.ledger / "movements" / "stray.parquet"
    stray.write_bytes(b"")

    retain(home, now=NOON)
    retain(home, now=NOON + 5 * HOUR)

    assert stray.exists()
    assert version_file(home, 1).exists()


def test_a_clock_that_goes_back_deletes_nothing_early_and_keeps_nothing_for_ever(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    publish_each(home, [NOON])
    stray = home.ledger / "movements" / "stray.parquet"
    stray.write_bytes(b"")

    retain(home, now=NOON + 1000 * HOUR)
    retain(home, now=NOON)
    assert stray.exists()
    retain(home, now=NOON + HOUR)

    assert not stray.exists()


def test_a_list_left_by_a_killed_publisher_goes(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    publish_each(home, [NOON] * 3)
    files_named_by(home, 2).with_name("parstock_0000000002.json").write_text("{}")
    version_file(home, 2).unlink()

    retain(home, now=NOON)

    assert not files_named_by(home, 2).exists()
    assert versions(home) == [1, 3]
