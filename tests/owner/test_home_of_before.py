"""A home that the version before made (`homes/before.tar.xz`): opened, it becomes one of this version, once, and says so.

It holds the small distributor's week, and a sale of three of which one was taken back: the version before took back all three.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import duckdb
import pytest
from oracle import driver

from pipelines.cli.main import call
from pipelines.ledger.files import read_current
from pipelines.settings import Home

FIXTURE = Path(__file__).parent / "homes" / "before.tar.xz"
AS_OF = "2026-03-08T20:00+01:00"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(FIXTURE) as packed:
        packed.extractall(folder, filter="data")
    return Home(folder / "parstock")


def test_it_is_opened_and_told_of_once(home: Home) -> None:
    before = read_current(home)
    first, second = (driver.call("ingest", "--home", home.root, "--as-of", AS_OF) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    now = read_current(home)
    assert before is not None and now is not None
    assert (now.ledger_hash, now.generation) == (before.ledger_hash, before.generation + 1)
    assert (first.stderr.count("an earlier parstock made"), second.stderr.count("an earlier parstock made")) == (1, 0)
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as con:
        assert con.execute("select count(*) > 0 from stock.on_hand").fetchall() == [(True,)]


def test_made_anew_by_the_rules_of_this_version_it_lists_what_they_say_differently(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert call(["rebuild", "--home", str(home.root), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["is_same"] is False
    assert told["differences"] == [{"rule": "movement sale", "rows_before": 6, "rows_now": 6, "units_before": 8, "units_now": 10}]
