"""dbt run by parstock, and the export that only a finished full build makes."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.build.build import build_lock, build_marts
from pipelines.build.process import MartsProcess
from pipelines.errors import UserError
from pipelines.marts.build_files import Relation, build_folders, latest_build
from pipelines.marts.export import in_dependency_order, without_database
from pipelines.publish.snapshot import Publisher
from pipelines.settings import PROJECT_ROOT
from tests.worlds.small_marts import make_home, movement, publication, write_ledger
from tests.worlds.tiny_dbt import write_project

pytestmark = pytest.mark.timeout(180)


def test_a_full_build_is_exported_in_dependency_order_and_a_second_one_shares_what_did_not_change(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    project = write_project(tmp_path / "dbt")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    seen: list[tuple[int, int, str]] = []

    first = build_marts(home, project=project, on_progress=lambda *step: seen.append(step))
    second = build_marts(home, project=project)

    assert (first.commit_id, first.ledger_hash, first.nodes) == (1, "h", 5)
    assert {name for _, _, name in seen} >= {"on_hand", "on_hand_base", "buffers", "assert_nothing_is_negative"}
    assert max(done for done, _, _ in seen) == seen[-1][1] == 6
    kinds = {relation.full_name: (relation.kind, relation.rows) for relation in first.relations}
    assert kinds == {
        "ledger.pin": ("parquet", 1),
        "availability.buffers": ("parquet", 1),
        "stock.on_hand_base": ("parquet", 1),
        "staging.stg_movements": ("view", None),
        "stock.on_hand": ("view", None),
        "core.moved_since": ("macro", None),
    }, "inner steps nobody needs stay away, those that a hot view needs come along"
    order = [relation.full_name for relation in first.relations]
    assert order.index("staging.stg_movements") < order.index("stock.on_hand") < order.index("core.moved_since")
    hot = next(relation for relation in first.relations if relation.full_name == "stock.on_hand")
    assert hot.is_hot
    assert "marts" not in (hot.sql or "")
    assert (hot.comment, hot.column_comments) == ("Grain: item x location.", {"on_hand_units": "base units"})
    assert [folder.name for folder in build_folders(home)] == ["000001-c1", "000002-c1"]
    assert latest_build(home) is not None
    assert [(home.marts / name / "stock.on_hand_base.parquet").stat().st_ino for name in ("000001-c1", "000002-c1")] == [
        (home.marts / "000002-c1" / "stock.on_hand_base.parquet").stat().st_ino
    ] * 2
    assert second.name == "000002-c1"


def test_a_published_build_shows_rows_that_came_after_it(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    project = write_project(tmp_path / "dbt")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    build = build_marts(home, project=project)
    ledger = write_ledger(home, commit=2, rows={"movements": [movement(2, 3, 2)]}, name="b")

    with Publisher(home) as publisher:
        file = publisher.publish(version=1, ledger=ledger, tail={}, marts=build, publication=publication(2))

    con = duckdb.connect(str(file), read_only=True)
    assert con.execute("select on_hand_units from stock.on_hand").fetchall() == [(8,)]
    assert con.execute("select on_hand_units from stock.on_hand_base").fetchall() == [(5,)]
    assert con.execute("select on_hand_units from core.moved_since(now())").fetchall() == [(8,)]
    assert con.execute("select marts_commit_id, commit_id from ops.publication").fetchall() == [(1, 2)]


def test_a_failing_test_names_itself_prints_its_rows_and_exports_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    project = write_project(tmp_path / "dbt")
    write_ledger(home, commit=1, rows={"movements": [movement(1, -5, 1, item=7)]})

    with pytest.raises(UserError) as refused:
        build_marts(home, project=project)

    assert refused.value.exit_code == 1
    assert "assert_nothing_is_negative" in str(refused.value)
    assert "item_id 7, on_hand_units -5" in str(refused.value)
    assert build_folders(home) == []
    duckdb.connect(str(home.marts_file)).close()  # and nothing still holds the file


def test_a_model_that_fails_and_a_hugeint_are_named(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    wrong = write_project(tmp_path / "wrong", models__on_hand_base="{{ config(schema='stock') }} select nothing from ledger.movements")
    uncast = "select item_id, to_location_id as location_id, sum(units) as on_hand_units from ledger.movements group by all"
    huge = write_project(tmp_path / "huge", models__on_hand_base="{{ config(schema='stock') }} " + uncast)

    with pytest.raises(UserError, match="on_hand_base") as failed:
        build_marts(home, project=wrong)
    with pytest.raises(UserError, match=r"stock\.on_hand_base\.on_hand_units is HUGEINT") as refused:
        build_marts(home, project=huge)

    assert "nothing" in str(failed.value.where)
    assert (failed.value.exit_code, refused.value.exit_code) == (1, 1)
    assert build_folders(home) == []


def test_a_part_of_the_models_exports_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    project = write_project(tmp_path / "dbt")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})

    build = build_marts(home, project=project, select="on_hand_base")

    assert (build.folder, build.commit_id, build.nodes) == (None, 1, 1)
    assert build_folders(home) == []


def test_a_process_of_its_own_builds_like_this_one_and_tells_its_failures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = make_home(tmp_path / "home")
    project = write_project(tmp_path / "dbt")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    seen: list[str] = []

    with MartsProcess(home, project=project) as process:
        cold = process.build(on_progress=lambda done, total, name: seen.append(name))
        ledger = write_ledger(home, commit=2, rows={"movements": [movement(2, -9, 2)]}, name="b")
        with pytest.raises(UserError, match="assert_nothing_is_negative"):
            process.build()
        write_ledger(home, commit=3, rows={"movements": [movement(3, 9, 3)]}, name="c")
        warm = process.build()

    assert ledger["commit_id"] == 2
    assert (cold.name, warm.name) == ("000001-c1", "000002-c3")
    assert "on_hand" in seen
    assert warm.seconds_dbt < cold.seconds_dbt
    assert capfd.readouterr().out == ""


def test_what_warming_finds_wrong_is_said_by_the_build(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    project = write_project(tmp_path / "dbt")
    write_ledger(home, commit=1, rows={"movements": [movement(1, 5, 1)]})
    model = next(project.rglob("on_hand.sql"))
    sound = model.read_text(encoding="utf-8")
    with MartsProcess(home, project=project) as process:
        model.write_text("{{ nothing_of_the_kind(", encoding="utf-8")
        process.warm()
        with pytest.raises(UserError, match="dbt could not run"):
            process.build()
        model.write_text(sound, encoding="utf-8")
        assert process.build().name == "000001-c1"


def test_a_warm_build_compiles_every_model_anew(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    commit = "{{ run_query('select commit_id from ledger.pin').rows[0][0] if execute else 0 }}"
    project = write_project(
        tmp_path / "dbt",
        models__step="{{ config(materialized='ephemeral') }} select " + commit + " as compiled_for",
        models__uses="{{ config(schema='stock') }} select * from {{ ref('step') }}",
    )
    compiled = []
    for number in (1, 2):
        write_ledger(home, commit=number, rows={"movements": [movement(number, 5, number)]}, name=f"c{number}")
        build = build_marts(home, project=project)
        compiled += duckdb.sql(f"from '{build.folder}/stock.uses.parquet'").fetchall()

    assert compiled == [(1,), (2,)]


@pytest.mark.parametrize("stays_seconds", [0, 60])
def test_a_build_process_dies_with_whoever_waits_for_its_build(tmp_path: Path, stays_seconds: int) -> None:
    home = make_home(tmp_path / "home")
    project = write_project(
        tmp_path / "dbt",
        models__slow="{{ config(schema='stock') }} select sum(a.range * b.range)::double from range(10000000) a, range(1000) b",
    )
    write_ledger(home, commit=1)
    script = f"""
from pathlib import Path
from pipelines.settings import Home
from pipelines.build.process import MartsProcess
MartsProcess(Home(Path({str(home.root)!r})), project=Path({str(project)!r}), stays_seconds={stays_seconds}).build()
"""
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT_ROOT)
    builder = 0
    while not builder:
        time.sleep(0.1)
        lock = home.run / "build.lock"
        builder = int(lock.read_text() or 0) if lock.exists() else 0

    parent.kill()
    parent.wait()

    assert builder != parent.pid
    with build_lock(home, wait_seconds=20):
        assert build_folders(home) == []


def _hold(home_root: str, held: multiprocessing.synchronize.Event, done: multiprocessing.synchronize.Event) -> None:
    descriptor = os.open(f"{home_root}/run/build.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    held.set()
    done.wait(30)


def test_a_second_build_waits_and_then_says_who_builds(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(str(home.root), held, done))
    holder.start()
    assert held.wait(30)

    with pytest.raises(UserError, match="another build of this home is running") as refused, build_lock(home, wait_seconds=0.3):
        pass
    done.set()
    holder.join()
    with build_lock(home, wait_seconds=5):
        pass

    assert refused.value.exit_code == 3


def test_a_home_without_a_ledger_is_told_what_to_do(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")

    with pytest.raises(UserError, match="parstock ingest"):
        build_marts(home, project=write_project(tmp_path / "dbt"))


def test_sql_is_sorted_after_what_it_names() -> None:
    relations = [
        Relation("a", "late", "view", sql="select * from a.first_macro(1)"),
        Relation("a", "first_macro", "macro", sql='create macro a.first_macro(x) as table select * from "z"."last"'),
        Relation("z", "last", "parquet", file="z.last.parquet"),
    ]

    assert [relation.full_name for relation in in_dependency_order(relations)] == ["z.last", "a.first_macro", "a.late"]


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ('from "marts"."stock"."on_hand"', 'from "stock"."on_hand"'),
        ("from marts.stock.on_hand", "from stock.on_hand"),
        ("from stock.marts", "from stock.marts"),
        ("select marts.column_one from x as marts", "select marts.column_one from x as marts"),
    ],
)
def test_only_the_database_is_taken_out_of_a_name(sql: str, wanted: str) -> None:
    assert without_database(sql, "marts") == wanted
