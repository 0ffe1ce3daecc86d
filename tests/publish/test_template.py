"""The kept part of a published file: a new publisher takes it while it holds, and makes it anew when it does not."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines.marts.build_files import load_build
from pipelines.publish import template
from pipelines.publish.snapshot import Publisher
from pipelines.publish.template import Template, making, prepare
from pipelines.settings import Home
from tests.publish.test_snapshot import ask
from tests.worlds.ledger_files import arrow
from tests.worlds.small_marts import make_home, movement, publication, write_ledger, write_marts


def publish_anew(home: Home, version: int, build: int = 1, on_hand: int = 5) -> Path:
    """Publish once with a publisher of its own, as a command does."""
    ledger = write_ledger(home, commit=version, rows={"movements": [movement(version, 5, version)]}, name=f"v{version}")
    marts = load_build(home.marts / f"{build:06d}-c1") if version > build else write_marts(home, commit=1, on_hand=on_hand, number=build)
    with Publisher(home) as publisher:
        tail = {"movements": arrow("movements", [movement(90, 1, 90)])} if version == 2 else {}
        return publisher.publish(version=version, ledger=ledger, tail=tail, marts=marts, publication=publication(version))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever a template is made from nothing."""
    times: list[int] = []
    original = template._made

    def counted(*args: Any) -> Template:
        times.append(1)
        return original(*args)

    monkeypatch.setattr(template, "_made", counted)
    return times


def test_a_second_publisher_takes_what_the_first_kept_and_shows_the_ledger_of_now(tmp_path: Path, made: list[int]) -> None:
    home = make_home(tmp_path)
    publish_anew(home, 1)
    file = publish_anew(home, 2)
    assert len(made) == 1
    assert ask(file, "select movement_id from ledger.movements order by 1") == [(1,), (2,), (90,)]
    assert ask(file, "select version, commit_id from ops.publication") == [(2, 2)]
    assert ask(publish_anew(home, 3), "select movement_id from ledger.movements order by 1") == [(1,), (2,), (3,)]
    assert len(made) == 1


COMMENTS = """
select schema_name, view_name, null, comment from duckdb_views() where comment is not null union all
select schema_name, table_name, null, comment from duckdb_tables() where comment is not null union all
select schema_name, table_name, column_name, comment from duckdb_columns() where comment is not null order by all"""


def test_a_new_build_of_the_same_form_brings_the_former_one_up_to_date(tmp_path: Path, made: list[int]) -> None:
    home = make_home(tmp_path)
    first = publish_anew(home, 1)
    second = publish_anew(home, 2, build=2, on_hand=40)
    assert len(made) == 1
    assert ask(second, "select on_hand_units from stock.on_hand where location_id = 10") == [(46,)], "40, and what came above its commit"
    assert ask(second, "select marts_build from ops.publication") == [("000002-c1",)]
    assert ask(second, COMMENTS) == ask(first, COMMENTS) != []
    anew = make_home(tmp_path / "anew")
    assert ask(publish_anew(anew, 2, build=2), COMMENTS) == ask(second, COMMENTS)


def test_another_view_column_or_table_makes_a_new_one(tmp_path: Path, made: list[int]) -> None:
    home = make_home(tmp_path)
    publish_anew(home, 1)
    for number, change in enumerate(
        (
            lambda one: dataclasses.replace(one, sql=f"{one.sql} limit 1000") if one.kind == "view" else one,
            lambda one: dataclasses.replace(one, fingerprint=f"{one.fingerprint},more BIGINT") if one.kind == "parquet" else one,
            lambda one: None if one.full_name == "core.on_hand_as_of" else one,
        ),
        2,
    ):
        build = write_marts(home, commit=1, on_hand=5, number=number)
        changed = dataclasses.replace(build, relations=tuple(filter(None, map(change, build.relations))))
        assert changed.relations != build.relations
        with making(home):
            prepare(home, changed)
        assert len(made) == number


def test_what_a_build_has_prepared_is_not_made_by_its_first_publication(tmp_path: Path, made: list[int]) -> None:
    home = make_home(tmp_path)
    write_ledger(home, commit=1)
    build = write_marts(home, commit=1, on_hand=5)
    published: list[Path] = []
    with making(home):
        other = threading.Thread(target=lambda: published.append(publish_anew(home, 2)))
        other.start()
        other.join(0.5)
        assert published == [], "it waits for the template instead of making one too"
        prepare(home, build)
    other.join()
    assert len(made) == 1
    assert ask(published[0], "select on_hand_units from stock.on_hand where location_id = 10") == [(11,)]


@pytest.mark.parametrize("name", ["template.duckdb", "template.json"])
@pytest.mark.parametrize("damage", [None, b"", b"{}", b"\x00" * 4096])
def test_what_is_damaged_is_made_anew(tmp_path: Path, made: list[int], name: str, damage: bytes | None) -> None:
    home = make_home(tmp_path)
    publish_anew(home, 1)
    kept = home.run / "publish" / name
    if damage is None:
        kept.unlink()
    else:
        kept.write_bytes(damage)
    file = publish_anew(home, 2)
    assert len(made) == 2
    assert ask(file, "select on_hand_units from stock.on_hand where location_id = 10") == [(11,)]


def test_a_home_that_was_moved_does_not_point_where_it_was(tmp_path: Path, made: list[int]) -> None:
    publish_anew(make_home(tmp_path / "here"), 1)
    (tmp_path / "here").rename(tmp_path / "there")
    publish_anew(Home(next((tmp_path / "there").rglob("published")).parent), 2)
    assert len(made) == 2
