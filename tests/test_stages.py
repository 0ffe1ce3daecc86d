"""What the stages leave out on purpose, and say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines import stages
from pipelines.ledger.files import read_current, rows_above
from pipelines.owner.owner import Owner  # noqa: F401  (loaded before a name that it takes is replaced where it comes from)
from pipelines.settings import Home
from tests.conftest import SMALL_AS_OF, SMALL_DISTRIBUTOR


def clock() -> datetime:
    return datetime.fromisoformat(SMALL_AS_OF)


@pytest.mark.parametrize(("limit", "looks", "notes"), [(10_000, 1, []), (1, 0, ["the alerts are looked at after the next build"])])
def test_after_a_backfill_the_alerts_wait_for_the_build_and_the_user_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, looks: int, notes: list[str]
) -> None:
    looked: list[Home] = []
    told: list[str] = []
    monkeypatch.setattr(stages, "BACKFILL_ROWS", limit)
    monkeypatch.setattr(stages, "watch_alerts", lambda home, owner, *, clock: looked.append(home))
    monkeypatch.setattr("pipelines.marts.build_files.latest_build", lambda home: SimpleNamespace(commit_id=0))
    stages.ingest(
        Home(tmp_path), SMALL_DISTRIBUTOR, clock=clock, engine="direct",
        say=lambda stage, said: told.append(said["text"]) if stage == "note" else None,
    )  # fmt: skip
    assert (len(looked), told) == (looks, notes)


def test_rows_above_a_commit_are_those_of_files_that_begin_after_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert rows_above(home, 0) == 0
    stages.ingest(home, SMALL_DISTRIBUTOR, clock=clock, engine="direct")
    current = read_current(home)
    assert current is not None
    everything = sum(file.rows for name in ("movements", "events") for file in current.tables[name])
    assert everything > 50
    assert rows_above(home, -1) == everything
    assert rows_above(home, current.commit_id) == 0
