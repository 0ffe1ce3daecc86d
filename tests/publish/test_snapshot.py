"""The published file: what it shows, that readers see whole versions only, and what a kill leaves."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.marts.build_files import MartsBuild
from pipelines.publish.names import current_version, next_version, version_file
from pipelines.publish.snapshot import Publisher, publish_snapshot
from pipelines.settings import Home
from tests.worlds.ledger_files import arrow
from tests.worlds.small_marts import make_home, movement, publication, write_ledger, write_marts

pytestmark = pytest.mark.timeout(180)


def ask(file: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query on one version, by a connection of its own."""
    con = duckdb.connect(str(file.resolve()), read_only=True)
    try:
        return con.execute(query).fetchall()
    finally:
        con.close()


def test_the_marts_the_ledger_above_them_and_the_tail_add_up(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    marts = write_marts(home, commit=1, on_hand=5)
    ledger = write_ledger(home, commit=2, rows={"movements": [movement(2, 3, 2)]}, name="b")
    tail = {"movements": arrow("movements", [movement(3, 2, 3)]), "events": arrow("events", [])}

    file = publish_snapshot(home, version=1, ledger=ledger, tail=tail, marts=marts, publication=publication(3))

    assert ask(file, "select on_hand_units from stock.on_hand where location_id = 10") == [(10,)]
    assert ask(file, "select movement_id from ledger.movements order by 1") == [(1,), (2,), (3,)]
    assert ask(file, "select movement_id from ledger.movements_new order by 1") == [(2,), (3,)]
    assert ask(file, "select units from core.on_hand_as_of(timestamptz '2026-03-03 00:00:00Z')") == [(10,)]
    assert ask(file, "select commit_id from ledger.pin") == [(1,)]
    assert ask(file, "select version, commit_id, marts_commit_id, ledger_hash, format_version from ops.publication") == [(1, 3, 1, "h3", 1)]
    assert ask(file, "select comment from duckdb_columns() where column_name = 'on_hand_units' and comment is not null") == [
        ("base units, the shop's own",)
    ]


def test_a_new_home_publishes_every_ledger_table_typed_and_empty(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ledger = write_ledger(home, commit=0)
    marts = write_marts(home, commit=0, on_hand=0)

    file = publish_snapshot(home, version=1, ledger=ledger, tail={}, marts=marts, publication=publication(0))

    for table, columns in LEDGER_TABLES.items():
        columns = {name: kind.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for name, kind in columns.items()}
        for view in (table, f"{table}_new"):
            assert ask(file, f"select column_name, column_type from (describe ledger.{view})") == list(columns.items()), view
            assert ask(file, f"select count(*) from ledger.{view}") == [(0,)], view


def test_a_tail_table_comes_and_goes_with_its_rows(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ledger = write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    marts = write_marts(home, commit=1, on_hand=5)
    seen = []
    with Publisher(home) as publisher:
        for version, rows in enumerate([[], [movement(2, 1, 2)], [], [movement(2, 1, 2), movement(3, 1, 3)]], start=1):
            tail = {"movements": arrow("movements", rows)}
            file = publisher.publish(version=version, ledger=ledger, tail=tail, marts=marts, publication=publication(3))
            seen.append(ask(file, "select count(*) from ledger.movements")[0][0])

    assert seen == [1, 2, 1, 3]


def test_a_new_build_replaces_the_marts_of_the_next_version_only(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ledger = write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    with Publisher(home) as publisher:
        first = publisher.publish(
            version=1, ledger=ledger, tail={}, marts=write_marts(home, commit=0, on_hand=0, number=1), publication=publication(1)
        )
        second = publisher.publish(
            version=2, ledger=ledger, tail={}, marts=write_marts(home, commit=1, on_hand=5, number=2), publication=publication(1)
        )

    bases = [ask(file, "select sum(on_hand_units)::bigint from stock.on_hand_base") for file in (first, second)]
    both = [ask(file, "select on_hand_units from stock.on_hand where location_id = 10") for file in (first, second)]
    assert bases == [[(0,)], [(5,)]]
    assert both == [[(5,)], [(5,)]], "the same units, from the marts or from the rows above them"


def test_the_symlink_is_relative_and_versions_only_grow(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ledger = write_ledger(home, commit=1)
    marts = write_marts(home, commit=1, on_hand=5)
    assert (current_version(home), next_version(home)) == (None, 1)

    publish_snapshot(home, version=3, ledger=ledger, tail={}, marts=marts, publication=publication(1))

    assert str(home.published_file.readlink()) == "parstock_0000000003.duckdb"
    assert (current_version(home), next_version(home)) == (3, 4)
    with pytest.raises(ValueError, match="not above version 3"):
        publish_snapshot(home, version=3, ledger=ledger, tail={}, marts=marts, publication=publication(1))
    assert sorted(path.name for path in home.published.iterdir()) == [
        "parstock.duckdb",
        "parstock_0000000003.duckdb",
        "parstock_0000000003.json",
    ]
    assert json.loads((home.published / "parstock_0000000003.json").read_text())["marts"] == "000001-c1"


def test_a_mart_that_cannot_be_made_leaves_the_version_before(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ledger = write_ledger(home, commit=1)
    marts = write_marts(home, commit=1, on_hand=5)
    broken = write_marts(home, commit=1, on_hand=5, number=2)
    (home.marts / broken.name / "stock.on_hand_base.parquet").unlink()
    with Publisher(home) as publisher:
        publisher.publish(version=1, ledger=ledger, tail={}, marts=marts, publication=publication(1))
        with pytest.raises(duckdb.Error):
            publisher.publish(version=2, ledger=ledger, tail={}, marts=broken, publication=publication(1))
        assert current_version(home) == 1

        publisher.publish(version=3, ledger=ledger, tail={}, marts=marts, publication=publication(1))

    assert current_version(home) == 3


STEPS = ["_prepare", "_fill", "_list_files", "_swap"]


def _publish_until(root: str, step: str) -> None:
    """Publish version 2 and die by SIGKILL when `step` begins."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(Publisher, step, die)
    home = Home(Path(root))
    ledger = json.loads((home.ledger / "current.json").read_text())
    marts = _load(home)
    publish_snapshot(home, version=2, ledger=ledger, tail={}, marts=marts, publication=publication(1))


def _load(home: Home) -> MartsBuild:
    from pipelines.marts.build_files import latest_build

    build = latest_build(home)
    assert build is not None
    return build


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_between_two_steps_leaves_the_last_version_and_the_next_publish_heals(tmp_path: Path, step: str) -> None:
    home = make_home(tmp_path)
    ledger = write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    marts = write_marts(home, commit=1, on_hand=5)
    publish_snapshot(home, version=1, ledger=ledger, tail={}, marts=marts, publication=publication(1))
    killed = multiprocessing.get_context("spawn").Process(target=_publish_until, args=(str(home.root), step))
    killed.start()
    killed.join()

    assert killed.exitcode == -signal.SIGKILL
    assert current_version(home) == 1
    assert ask(home.published_file, "select version from ops.publication") == [(1,)]
    version = next_version(home)
    publish_snapshot(home, version=version, ledger=ledger, tail={}, marts=marts, publication=publication(1))
    assert ask(home.published_file, "select version from ops.publication") == [(version,)]
    assert list(home.published.glob(".*")) == []


# A reader as any BI tool is one: it opens the symlink, asks, closes. Needs nothing but duckdb; prints what it saw.
READER = """
import duckdb, json, os, sys
link, stop = sys.argv[1:]
seen, bad = [], []
while True:
    last = os.path.exists(stop)
    con = duckdb.connect(os.path.realpath(link), read_only=True)
    a = con.execute("select version, commit_id from ops.publication").fetchone()
    total = con.execute("select sum(units)::bigint, max(commit_id) from ledger.movements").fetchone()
    hot = con.execute("select on_hand_units from stock.on_hand where location_id = 10").fetchone()[0]
    b = con.execute("select version, commit_id from ops.publication").fetchone()
    con.close()
    # one unit a commit: everything in a version says the same number
    if not (a == b and total[0] == total[1] == hot == a[1]): bad.append([a, total, hot, b])
    if not seen or seen[-1] != a[0]: seen.append(a[0])
    if last: break
print(json.dumps({"client": duckdb.__version__, "seen": seen, "bad": bad}))
"""


def publish_while_read(home: Home, python: str, publishes: int) -> dict[str, Any]:
    """Publish one more unit again and again, through tail, flush and new builds, beside a reading process."""
    stop = home.root / "stop"
    ledger = write_ledger(home, commit=1, rows={"movements": [movement(1, 1, 1)]})
    marts = write_marts(home, commit=1, on_hand=1)
    with Publisher(home) as publisher:
        publisher.publish(version=1, ledger=ledger, tail={}, marts=marts, publication=publication(1))
        reader = subprocess.Popen([python, "-c", READER, str(home.published_file), str(stop)], stdout=subprocess.PIPE, text=True)
        tail: list[dict[str, Any]] = []
        for commit in range(2, publishes + 2):
            tail.append(movement(commit, 1, commit))
            if commit % 5 == 0:
                ledger, tail = write_ledger(home, commit=commit, rows={"movements": tail}, name=f"c{commit}"), []
            if commit % 20 == 0:
                marts = write_marts(home, commit=commit, on_hand=commit, number=commit)
            publisher.publish(
                version=commit, ledger=ledger, tail={"movements": arrow("movements", tail)}, marts=marts, publication=publication(commit)
            )
    stop.touch()
    out, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0
    return dict(json.loads(out))


def test_a_reader_beside_a_hundred_publishes_sees_whole_growing_versions(tmp_path: Path) -> None:
    found = publish_while_read(make_home(tmp_path), sys.executable, 100)

    assert found["bad"] == []
    assert found["seen"] == sorted(set(found["seen"]))
    assert found["seen"][-1] == 101
    assert len(found["seen"]) > 5


@pytest.fixture(scope="session")
def old_client(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python whose duckdb is 1.2.2, the oldest client promised; skips where it cannot be installed."""
    folder = tmp_path_factory.mktemp("duckdb_1_2") / "venv"
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "duckdb==1.2.2"],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"duckdb 1.2.2 cannot be installed here: {installed.stderr.strip().splitlines()[-1:]}")
    return python


def test_a_client_of_duckdb_1_2_reads_while_a_writer_publishes(tmp_path: Path, old_client: str) -> None:
    found = publish_while_read(make_home(tmp_path), old_client, 30)

    assert found["client"] == "1.2.2"
    assert found["bad"] == []
    assert found["seen"][-1] == 31


def test_a_connection_kept_open_stays_on_its_version(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ledger = write_ledger(home, commit=1)
    marts = write_marts(home, commit=1, on_hand=5)
    publish_snapshot(home, version=1, ledger=ledger, tail={}, marts=marts, publication=publication(1))
    kept = duckdb.connect(str(home.published_file.resolve()), read_only=True)

    publish_snapshot(home, version=2, ledger=ledger, tail={}, marts=marts, publication=publication(1))

    assert kept.execute("select version from ops.publication").fetchall() == [(1,)]
    assert ask(home.published_file, "select version from ops.publication") == [(2,)]
    assert version_file(home, 1).exists()
