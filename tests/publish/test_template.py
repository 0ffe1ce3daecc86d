"""The kept part of a published file: a new publisher takes it while it holds, and makes it anew when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.marts.build_files import load_build
from pipelines.publish import snapshot
from pipelines.publish.snapshot import Publisher
from pipelines.settings import Home
from tests.publish.test_snapshot import ask
from tests.publish.world import arrow, make_home, movement, publication, write_ledger, write_marts


def publish_anew(home: Home, version: int, build: int = 1) -> Path:
    """Publish once with a publisher of its own, as a command does."""
    ledger = write_ledger(home, commit=version, rows={"movements": [movement(version, 5, version)]}, name=f"v{version}")
    marts = load_build(home.marts / f"{build:06d}-c1") if version > build else write_marts(home, commit=1, on_hand=5, number=build)
    with Publisher(home) as publisher:
        tail = {"movements": arrow("movements", [movement(90, 1, 90)])} if version == 2 else {}
        return publisher.publish(version=version, ledger=ledger, tail=tail, marts=marts, publication=publication(version))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever a template is made."""
    times: list[int] = []
    original = snapshot.Publisher._made

    def counted(self: Publisher, *args: object) -> object:
        times.append(1)
        return original(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot.Publisher, "_made", counted)
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


def test_a_new_build_makes_a_new_one(tmp_path: Path, made: list[int]) -> None:
    home = make_home(tmp_path)
    publish_anew(home, 1)
    publish_anew(home, 2, build=2)
    assert len(made) == 2


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
