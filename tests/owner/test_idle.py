"""An owner that has nothing to do hardly turns, and is there at once when something comes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from feeds.landed import AS_OF

from pipelines.ingest.pipeline import ingest_batch
from pipelines.ingest.sources.files import landing_of
from pipelines.owner.owner import Owner
from pipelines.settings import Home, Settings


def test_it_makes_a_round_a_second_and_takes_a_unit_or_a_question_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home").make()
    (tmp_path / "landing" / "pos").mkdir(parents=True)
    (tmp_path / "landing" / "pos" / "day.jsonl").write_text('{"event_kind":"sale"}\n')
    rounds: list[float] = []
    turn = Owner._turn
    monkeypatch.setattr(Owner, "_turn", lambda self: (rounds.append(time.monotonic()), turn(self))[1])
    applied = threading.Event()
    at_once = Settings(settle_seconds=0)

    with Owner(home, clock=lambda: AS_OF, on_applied=lambda _: applied.set()) as owner:
        time.sleep(1.0)
        rounds.clear()
        time.sleep(2.5)
        assert len(rounds) <= 4
        asked = time.monotonic()
        owner.ask("status")
        assert time.monotonic() - asked < 0.5
        ingest_batch(home, [landing_of(home, at_once, tmp_path / "landing")], clock=AS_OF, engine="direct", settings=at_once)
        written = time.monotonic()
        assert applied.wait(10)
        assert time.monotonic() - written < 0.9, "not only with the next round"
