"""Two commands at once on one home: the one goes on when the other, which owned it, is done or is gone."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import stages
from pipelines.errors import UserError
from pipelines.owner import either
from pipelines.owner.client import OwnerClient, OwnerGone
from pipelines.owner.owner import HomeLock, Owner
from pipelines.settings import Home

NOW = datetime(2026, 4, 2, 6, tzinfo=UTC)


def clock() -> datetime:
    return NOW


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


def test_the_second_command_takes_over_when_the_first_ends(home: Home) -> None:
    first = Owner(home, clock=clock).start()
    with stages.owner_of(home, clock=clock) as second:
        assert second.ask("status")["commit_id"] == 0
        assert getattr(second, "is_elsewhere", None) is True
        first.stop()
        assert second.ask("flush") == 0
        assert getattr(second, "is_elsewhere", None) is False
        with pytest.raises(UserError, match="does not know 'nothing'"):
            second.ask("nothing")
    with pytest.raises(LookupError):
        OwnerClient(home)


def test_a_question_that_comes_while_the_owner_stops_is_asked_again(home: Home) -> None:
    first = Owner(home, clock=clock).start()
    client = OwnerClient(home)
    first._stopping.set()  # it lets nobody wait for what it will not do any more
    assert first._thread is not None
    first._thread.join()
    with pytest.raises(OwnerGone):
        client.ask("status")
    first.stop()


def test_who_finds_the_lock_taken_waits_until_it_is_free(home: Home) -> None:
    lock = HomeLock(home)  # an owner that has not opened its door yet, or has closed it already
    threading.Timer(0.5, lock.release).start()
    started = time.monotonic()
    with stages.owner_of(home, clock=clock) as owner:
        assert owner.ask("status")["commit_id"] == 0
    assert time.monotonic() - started >= 0.5


def test_who_waits_for_a_lock_that_stays_is_told_who_has_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(either, "WAIT_SECONDS", 0.2)
    lock = HomeLock(home)
    with pytest.raises(UserError, match="another process owns this home") as refused, stages.owner_of(home, clock=clock):
        pass
    assert refused.value.exit_code == 3
    lock.release()
