"""What people decide is written down before it is answered, done once, undone by another, and the same after a rebuild."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import deciding, keeping
from pipelines.errors import UserError
from pipelines.ledger.decisions import KINDS, UNDO
from pipelines.owner.apply.decided import EFFECTS
from pipelines.owner.owner import Owner
from tests.worlds.small_home import KNOWN_AT, SmallHome, wms

FAR = 3_000_000_000
"""More base units than one line of anything has."""


def clock(hours: int) -> Callable[[], datetime]:
    return lambda: KNOWN_AT + timedelta(hours=hours)


def accept(home: SmallHome, uri: str, line: int, *, hours: int = 20, **more: Any) -> list[dict[str, Any]]:
    ((delivery,),) = home.rows("select distinct delivery_id from deliveries where source_uri = ?", uri)
    acts = [{"kind": "accept_row", "delivery_id": delivery, "line_no": line, "reason": "it is a silo"}]
    return deciding.decide(home.home, acts, author="ann", clock=clock(hours), **more)


def waits(home: SmallHome) -> list[tuple[Any, ...]]:
    return home.rows("select reason_code, line_no::INT, is_waiting from quarantine group by all having sum(sign) > 0 order by all")


@pytest.fixture
def home(tmp_path: Path) -> SmallHome:
    made = SmallHome(tmp_path)
    made.deliver(**{"wms/1.jsonl": [
        wms("A1", "receipt", "2026-03-02T09:00:00", "DC", "MUG", FAR),
        wms("A2", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 5),
    ]})  # fmt: skip
    return made


IN_PROGRESS = ("MUG", "DC", "in_progress")


def test_every_kind_has_its_effect() -> None:
    assert set(EFFECTS) | {UNDO} == set(KINDS)


def test_an_accepted_row_posts_from_when_it_was_accepted_and_the_counts_say_so(home: SmallHome) -> None:
    assert waits(home) == [("absurd_quantity", 1, True)]
    assert home.counted("wms/1.jsonl") == (2, 1, 0, 0, 1)
    (made,) = accept(home, "wms/1.jsonl", 1)
    assert (made["author"], made["kind"], made["reason"]) == ("ann", "accept_row", "it is a silo")
    assert home.on_hand()[IN_PROGRESS] == FAR + 5
    assert waits(home) == []
    assert home.counted("wms/1.jsonl") == (2, 2, 0, 0, 0)
    assert home.rows("select distinct known_at from movements where units = ?", FAR) == [(clock(20)(),)]
    (stored,) = home.rows("select decision_id, author, kind, reason, source from decisions")
    assert stored == (made["decision_id"], "ann", "accept_row", "it is a silo", "cli")


def test_undone_it_waits_again_and_accepted_again_it_posts_again(home: SmallHome) -> None:
    before = home.current["ledger_hash"]
    (made,) = accept(home, "wms/1.jsonl", 1)
    accepted = home.current["ledger_hash"]
    assert accepted != before
    deciding.undo(home.home, made["decision_id"][:12], reason="a slip", author="bob", clock=clock(30))
    assert home.on_hand()[IN_PROGRESS] == 5
    assert waits(home) == [("absurd_quantity", 1, True)]
    assert home.counted("wms/1.jsonl") == (2, 1, 0, 0, 1)
    assert home.current["ledger_hash"] == before  # nothing of it stands
    accept(home, "wms/1.jsonl", 1, hours=40)
    assert home.on_hand()[IN_PROGRESS] == FAR + 5
    assert home.rows("select movement_id from movements group by all having count(*) > 1") == []
    spans = home.rows("select known_at, is_reversal from movements where units = ? order by known_at", FAR)
    assert spans == [(clock(20)(), False), (clock(30)(), True), (clock(40)(), False)]


def test_the_same_batch_sent_again_is_the_same_act(home: SmallHome) -> None:
    first = accept(home, "wms/1.jsonl", 1, batch_id="till-office-0001")
    again = accept(home, "wms/1.jsonl", 1, hours=21, batch_id="till-office-0001")
    assert first == again
    assert home.rows("select count(*) from decisions") == [(1,)]


def test_what_cannot_be_done_is_refused_and_nothing_of_the_batch_is_written(home: SmallHome) -> None:
    (made,) = accept(home, "wms/1.jsonl", 1)

    def refused(*acts: dict[str, Any], author: str = "ann") -> str:
        with pytest.raises(UserError) as error:
            deciding.decide(home.home, acts, author=author, clock=clock(22))
        return error.value.what

    undo = {"kind": "undo", "undoes_decision_id": made["decision_id"], "reason": "x"}
    assert "does not wait for approval" in refused(undo, {"kind": "accept_row", "delivery_id": "d", "line_no": 2, "reason": "x"})
    assert "needs its reason" in refused({**undo, "reason": " "})
    assert "needs its author" in refused(undo, author="")
    assert "no decision of the kind 'ban'" in refused({"kind": "ban", "reason": "x"})
    assert "must name delivery_id, line_no" in refused({"kind": "accept_row", "reason": "x"})
    assert "there is no decision nope" in refused({**undo, "undoes_decision_id": "nope"})
    (undone,) = deciding.decide(home.home, [undo], author="ann", clock=clock(23))
    assert "undone already" in refused(undo)
    assert "cannot be undone" in refused({**undo, "undoes_decision_id": undone["decision_id"]})
    assert len(deciding.decided(home.home)) == 2


def test_a_rebuild_and_a_backup_give_the_same_ledger(home: SmallHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.stages.build_with", lambda *_, **__: None)  # the marts say nothing of the ledger
    (made,) = accept(home, "wms/1.jsonl", 1)
    home.deliver(hours_later=25, **{"wms/2.jsonl": [wms("C1", "count", "2026-03-03T20:00:00", "DC", "MUG", 4, stock_state="in_progress")]})
    deciding.undo(home.home, made["decision_id"], reason="a slip", author="bob", clock=clock(30))
    accept(home, "wms/1.jsonl", 1, hours=40)
    known = "select units, known_at, is_reversal, occurred_at from movements order by all"
    posted, ledger_hash = home.rows(known), home.current["ledger_hash"]
    assert keeping.rebuild(home.home, clock=clock(50)) == keeping.Rebuilt(ledger_hash, ledger_hash)
    assert home.rows(known) == posted
    assert len(home.rows("from decisions")) == 3

    copied = keeping.back_up(home.home, tmp_path / "backups", clock=clock(51))
    fresh = SmallHome(tmp_path / "restored", reference=False)
    keeping.restore(fresh.home, copied.folder, clock=clock(52))
    assert fresh.current["ledger_hash"] == ledger_hash
    assert [one.decision_id for one, _ in deciding.decided(fresh.home)] == [one.decision_id for one, _ in deciding.decided(home.home)]


def test_what_was_written_before_a_kill_is_done_by_the_next_owner(home: SmallHome) -> None:
    """A batch in the spool that no ledger has: whoever wrote it died before it answered."""
    ((delivery,),) = home.rows("select distinct delivery_id from deliveries where source_uri = 'wms/1.jsonl'")
    record = {
        "decision_id": "d" * 32, "batch_id": "killed-0001", "decided_at": "2026-04-02T08:00:00.000000Z", "author": "ann", "source": "cli",
        "kind": "accept_row", "reason": "it is a silo", "delivery_id": delivery, "line_no": 1,
    }  # fmt: skip
    (home.home.spool / "decisions" / "killed-0001.json").write_text(json.dumps([record]))
    home.deliver(hours_later=30, **{"wms/3.jsonl": [wms("A3", "receipt", "2026-03-02T09:00:00", "DC", "MUG", 1)]})
    assert home.on_hand()[IN_PROGRESS] == FAR + 6
    assert [row[0] for row in home.rows("select decision_id from decisions")] == ["d" * 32]


def test_a_running_owner_takes_decisions_from_another_process(home: SmallHome) -> None:
    with Owner(home.home, clock=clock(20)) as owner:
        (made,) = deciding.accept_rows(home.home, "wms/1.jsonl:1", reason="it is a silo", author="ann", clock=clock(20))
        assert owner.ask("approvals") == []
        deciding.undo(home.home, made["decision_id"], reason="a slip", author="ann", clock=clock(21))
        with pytest.raises(UserError, match="undone already") as error:
            deciding.undo(home.home, made["decision_id"], reason="a slip", author="ann", clock=clock(21))
        assert error.value.exit_code == 2  # the fault is in what was asked, not in the machine
    assert waits(home) == [("absurd_quantity", 1, True)]
