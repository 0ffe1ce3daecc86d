"""Asking the published file, and the copy that needs no home."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import UserError
from pipelines.publish.full_copy import write_full_copy
from pipelines.publish.reader import open_published, run_sql
from pipelines.publish.snapshot import publish_snapshot
from pipelines.settings import Home
from tests.worlds.ledger_files import arrow
from tests.worlds.small_marts import make_home, movement, publication, write_ledger, write_marts


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose newest version shows 10 units: 5 in the marts, 3 flushed later, 2 in the tail."""
    home = make_home(tmp_path / "home")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    marts = write_marts(home, commit=1, on_hand=5)
    ledger = write_ledger(home, commit=2, rows={"movements": [movement(2, 3, 2)]}, name="b")
    tail = {"movements": arrow("movements", [movement(3, 2, 3)])}
    publish_snapshot(home, version=1, ledger=ledger, tail=tail, marts=marts, publication=publication(3))
    return home


def test_a_question_gets_columns_and_rows(home: Home) -> None:
    answer = run_sql(home, "select location_id, on_hand_units from stock.on_hand where on_hand_units > 0")

    assert answer.columns == ["location_id", "on_hand_units"]
    assert answer.rows == [(10, 10)]
    assert run_sql(home, "describe stock.on_hand").rows[0][:2] == ("item_id", "BIGINT")
    assert run_sql(home, "explain analyze select 1").rows
    assert run_sql(home, "select published_at::varchar from ops.publication").rows == [("2026-03-02 12:00:00+00",)]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ops.publication select * from ops.publication",
        "delete from stock.on_hand",
        "create temp table t as select 1",
        "drop view stock.on_hand",
        "copy (select 1) to '{home}/ledger/x.csv'",
        "explain analyze copy (select 1) to '{home}/ledger/x.csv'",
        "EXPLAIN (ANALYZE, FORMAT json) copy (select 1) to '{home}/ledger/x.csv'",
        "attach '{home}/other.duckdb'",
        "set memory_limit = '100GB'",
        "pragma enable_profiling",
        "export database '{home}/ledger'",
        "select 1; drop view stock.on_hand",
        "",
    ],
)
def test_anything_but_one_question_is_refused(home: Home, statement: str) -> None:
    with pytest.raises(UserError) as refused:
        run_sql(home, statement.format(home=home.root))

    assert refused.value.exit_code == 2
    assert not (home.ledger / "x.csv").exists()
    assert not (home.root / "other.duckdb").exists()


@pytest.mark.parametrize(
    "source", ["read_text('/etc/passwd')", "read_csv('{home}/run/secret.csv')", "'{home}/run/*.parquet'", "glob('/etc/*')"]
)
def test_no_file_outside_the_ledger_and_the_marts_can_be_read(home: Home, source: str) -> None:
    (home.run / "secret.csv").write_text("a\n1\n")

    with pytest.raises(UserError, match=r"Permission|permission|disabled"):
        run_sql(home, f"select * from {source.format(home=home.root)}")


def test_what_duckdb_refuses_is_said_in_its_words(home: Home) -> None:
    with pytest.raises(UserError, match="stok"):
        run_sql(home, "select * from stok.on_hand")
    with pytest.raises(UserError, match="Parser Error"):
        run_sql(home, "selekt 1")


def test_two_connections_to_one_version_are_both_hardened(home: Home) -> None:
    first, second = open_published(home), open_published(home)

    for con in (first, second):
        assert con.execute("select sum(on_hand_units) from stock.on_hand where location_id = 10").fetchall() == [(10,)]
        with pytest.raises(duckdb.Error):
            con.execute("set enable_external_access = true")
        assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
        con.close()


def test_a_home_without_a_publication_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="parstock run"):
        run_sql(make_home(tmp_path), "select 1")


def test_a_full_copy_needs_no_home(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere" / "copy.duckdb"

    copy = write_full_copy(home, out)
    shutil.rmtree(home.root)

    con = duckdb.connect(str(out), read_only=True)
    assert con.execute("select on_hand_units from stock.on_hand where location_id = 10").fetchall() == [(10,)]
    assert con.execute("select units from core.on_hand_as_of(timestamptz '2026-03-03 00:00:00Z')").fetchall() == [(10,)]
    assert con.execute("select count(*) from ledger.movements").fetchall() == [(3,)]
    assert con.execute("select version, marts_commit_id from ops.publication").fetchall() == [(1, 1)]
    assert con.execute("select count(*) from duckdb_views() where not internal").fetchall() == [(0,)]
    assert con.execute("select comment from duckdb_tables() where table_name = 'on_hand'").fetchall() == [("Grain: item × location.",)]
    assert (copy.version, copy.size_bytes) == (1, out.stat().st_size)
    assert list(out.parent.iterdir()) == [out]


def test_a_full_copy_never_takes_the_place_of_a_file(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "copy.duckdb"
    out.write_bytes(b"somebody's")

    with pytest.raises(UserError, match="already exists"):
        write_full_copy(home, out)

    assert out.read_bytes() == b"somebody's"
