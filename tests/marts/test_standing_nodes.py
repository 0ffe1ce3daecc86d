"""Views and seeds stand from build to build, and anything that could make them stale has all of them built anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.build.build import build_marts
from pipelines.errors import UserError
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.marts import standing_nodes
from pipelines.marts.export import BuiltNode
from pipelines.settings import Home
from tests.worlds.small_marts import make_home, movement, write_ledger
from tests.worlds.tiny_dbt import write_project

pytestmark = pytest.mark.timeout(180)
NODES = [BuiltNode("stock", kind, kind, frozenset({"hot"}), "select 1", "marts") for kind in ("view", "seed", "table", "incremental")]


@pytest.fixture
def built(tmp_path: Path) -> tuple[Home, Path]:
    """A home and a project after a build, without dbt: what it leaves is a database file and what is remembered of it."""
    home, project = make_home(tmp_path / "home"), write_project(tmp_path / "dbt")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    home.warehouse.mkdir(exist_ok=True)
    duckdb.connect(str(home.marts_file)).execute("create view v as select 1 as one; create table t as select 1 as one").close()
    standing_nodes.remember(home, project, NODES)
    return home, project


def test_views_and_seeds_stand_and_what_holds_rows_does_not(built: tuple[Home, Path]) -> None:
    assert standing_nodes.standing_nodes(*built) == NODES[:2]


def test_new_rows_in_the_ledger_change_no_view(built: tuple[Home, Path]) -> None:
    write_ledger(built[0], commit=2, rows={"movements": [movement(2, 5, 2)]}, name="b")
    assert len(standing_nodes.standing_nodes(*built)) == 2


def _delete_view(home: Home, project: Path) -> None:
    duckdb.connect(str(home.marts_file)).execute("drop view v").close()


def _write_a_row(home: Home, project: Path) -> None:
    """What a build that failed half-way, or anybody else's dbt, does to the database."""
    duckdb.connect(str(home.marts_file)).execute("insert into t values (2)").close()


def _leave_a_log(home: Home, project: Path) -> None:
    """What a killed build leaves: the database's file is as it was, the changes lie beside it."""
    home.marts_file.with_name("marts.duckdb.wal").write_bytes(b"changes")


def _widen_the_ledger(home: Home, project: Path) -> None:
    file = next((home.ledger / "movements").glob("*.parquet"))
    duckdb.execute(f"copy (select *, 1 as newer from '{file}') to '{file}.new' (format parquet)")
    Path(f"{file}.new").rename(file)
    standing_nodes._columns_of.cache_clear()  # the ledger's files never change: another process sees this one for the first time


@pytest.mark.parametrize(
    "change",
    [
        lambda home, project: (project / "models" / "on_hand.sql").write_text("select 1 as item_id"),
        lambda home, project: (project / "seeds" / "buffers.csv").write_text("item_id,buffer_units\n1,3\n"),
        _delete_view,
        _write_a_row,
        _leave_a_log,
        _widen_the_ledger,
        lambda home, project: home.marts_file.unlink(),
        lambda home, project: (home.run / "dbt" / "standing.json").write_text('{"key": 1}'),
    ],
    ids=["model", "seed", "deleted view", "another writer", "killed writer", "column of a ledger file", "no database", "damaged"],
)
def test_nothing_stands_after(built: tuple[Home, Path], change: Callable[[Home, Path], object]) -> None:
    change(*built)
    assert standing_nodes.standing_nodes(*built) == []


def test_nothing_stands_for_another_dbt_or_duckdb(built: tuple[Home, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("dbt-core", "dbt-duckdb", "duckdb"):
        with monkeypatch.context() as patch:
            patch.setattr(standing_nodes, "version", lambda name, changed=package: "0" if name == changed else "1")
            standing_nodes.remember(*built, NODES)
            assert len(standing_nodes.standing_nodes(*built)) == 2
            patch.setattr(standing_nodes, "version", lambda name: "1")
            assert standing_nodes.standing_nodes(*built) == []


def test_nothing_stands_for_another_form_of_the_ledger(built: tuple[Home, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LEDGER_TABLES, "movements", {**LEDGER_TABLES["movements"], "newer": "BIGINT"})
    assert standing_nodes.standing_nodes(*built) == []


def test_nothing_stands_once_planners_keep_their_policies_elsewhere_or_change_them_there(
    built: tuple[Home, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policies").mkdir()
    policy = tmp_path / "policies" / "buffers.csv"
    policy.write_text("item_id,buffer_units\n1,2\n")
    monkeypatch.setenv("PARSTOCK_POLICY_DIR", str(policy.parent))
    assert standing_nodes.standing_nodes(*built) == []
    standing_nodes.remember(*built, NODES)
    assert len(standing_nodes.standing_nodes(*built)) == 2
    policy.write_text("item_id,buffer_units\n1,9\n")
    assert standing_nodes.standing_nodes(*built) == []


def test_a_second_build_runs_tables_and_tests_alone_and_exports_everything(tmp_path: Path) -> None:
    home, project = make_home(tmp_path / "home"), write_project(tmp_path / "dbt")
    ran: list[str] = []

    def built(commit: int, units: int, *, full_refresh: bool = False) -> set[str]:
        write_ledger(home, commit=commit, rows={"movements": [movement(commit, units, commit)]}, name=f"c{commit}")
        ran.clear()
        build = build_marts(home, project=project, full_refresh=full_refresh, on_progress=lambda done, total, name: ran.append(name))
        return {relation.full_name for relation in build.relations}

    first = built(1, 5)
    assert {"on_hand", "stg_movements", "buffers", "on_hand_base"} < set(ran)
    assert built(2, 3) == first
    assert set(ran) == {"on_hand_base", "unneeded", "assert_nothing_is_negative"}
    with duckdb.connect(str(home.marts_file), read_only=True) as con:
        assert con.execute("select sum(on_hand_units) from stock.on_hand").fetchall() == [(8,)]
    assert built(3, 1, full_refresh=True) == first
    assert {"on_hand", "buffers"} < set(ran)

    with pytest.raises(UserError, match="assert_nothing_is_negative"):
        built(4, -100)
    assert "on_hand" not in ran
    assert built(5, 100) == first
    assert {"on_hand", "buffers"} < set(ran), "what a failed build left is not built upon"


def test_what_is_changed_while_a_build_runs_is_built_by_the_next(built: tuple[Home, Path]) -> None:
    home, project = built
    key = standing_nodes.key_of(home, project)
    (project / "seeds" / "buffers.csv").write_text("item_id,buffer_units\n1,31\n")
    standing_nodes.remember(home, project, NODES, key)
    assert standing_nodes.standing_nodes(home, project) == []


def test_a_folder_of_policies_is_named_from_the_project_as_dbt_takes_it(built: tuple[Home, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    home, project = built
    (project / "ours").mkdir()
    policy = project / "ours" / "buffers.csv"
    policy.write_text("item_id,buffer_units\n1,31\n")
    monkeypatch.chdir(home.root)
    monkeypatch.setenv("PARSTOCK_POLICY_DIR", "ours")
    assert standing_nodes.policies_of(project) == [policy]
    standing_nodes.remember(home, project, NODES)
    assert standing_nodes.standing_nodes(home, project) == NODES[:2]
    policy.write_text("item_id,buffer_units\n1,32\n")
    assert standing_nodes.standing_nodes(home, project) == []
