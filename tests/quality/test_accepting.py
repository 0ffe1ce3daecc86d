"""What a person lets pass: how much of what was found may be found again, for how long, and who says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import deciding
from pipelines.cli.main import call
from pipelines.errors import UserError
from pipelines.marts.failures import Finding
from pipelines.quality import accepting
from pipelines.quality.gates import GateResult, GateRun, blocked_by, check_feeds, keep_failed
from pipelines.quality.looks import keep
from tests.worlds.small_home import SmallHome, pos

NOW = datetime(2026, 4, 2, 6, tzinfo=UTC)
GATE = "marts/marts"


def clock() -> datetime:
    return NOW


def blocked(home: SmallHome, rule: str, rows: int) -> GateRun:
    """A look at the marts that blocks."""
    result = GateResult(rule, "stock.daily", None, "block", False, 9, rows, "units in are not negative")
    run = GateRun(f"look-{rule}-{rows}", "marts", "marts", NOW, 1, True, 9, (result,))
    return keep(home.home, run.gate_run_id, [run], is_told=True)[0]


def accept(home: SmallHome, run: str) -> str:
    [made] = deciding.accept_gate(home.home, run, reason="counted by hand", author="ada", clock=clock)
    return str(made["decision_id"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> SmallHome:
    return SmallHome(tmp_path_factory.mktemp("accepting"))


def test_an_accepted_look_blocks_nothing_until_that_is_undone(home: SmallHome) -> None:
    run = blocked(home, "in_units", 3)
    decision = accept(home, run.gate_run_id)
    assert blocked_by(home.home) == []
    assert accepting.allowed(home.home, GATE) == {"in_units": 3}
    deciding.undo(home.home, decision, reason="a mistake", author="bob", clock=clock)
    assert [one.gate_run_id for one in blocked_by(home.home)] == [run.gate_run_id]
    assert accepting.allowed(home.home, GATE) == {}


def test_what_was_allowed_ends_when_the_rule_is_met(home: SmallHome) -> None:
    accept(home, blocked(home, "out_units", 2).gate_run_id)
    accepting.use_up(home.home, "feed/pos", {"out_units"})
    assert accepting.allowed(home.home, GATE) == {"out_units": 2}
    accepting.use_up(home.home, GATE, {"out_units"})
    assert accepting.allowed(home.home, GATE) == {}


def test_what_does_not_block_or_cannot_be_built_is_not_accepted(home: SmallHome) -> None:
    with pytest.raises(UserError, match="no gate blocks by 'feed/pos'"):
        deciding.accept_gate(home.home, "feed/pos", reason="please", author="ada", clock=clock)
    run = keep_failed(home.home, [Finding("model", "stock__daily", "Binder Error", "stock.daily")], clock=clock)
    assert "--accept" not in str(run)
    with pytest.raises(UserError, match=r"cannot be accepted: model\.stock__daily"):
        deciding.accept_gate(home.home, "marts/build", reason="please", author="ada", clock=clock)
    assert call(["gates", "--home", str(home.home.root), "--accept", "marts/build"]) == 2  # without a reason


def test_a_feed_that_was_let_pass_is_learnt_anew(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)

    def sends(ticket: str, units: int) -> GateRun:
        home.deliver(**{f"pos/{ticket}.jsonl": [pos(ticket, line, "sale", "2026-03-03T10:00:00", "TEE", units) for line in range(1, 201)]})
        [run] = [run for run in check_feeds(home.home, clock=clock) if run.subject == "pos"]
        return run

    sends("P1", 1)
    assert sends("P2", 60_000).is_blocked
    accept(home, "feed/pos")
    assert blocked_by(home.home) == []
    assert not sends("P3", 60_000).is_blocked


def test_the_decision_is_kept_with_its_author(home: SmallHome, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert call(["decisions", "--home", str(home.home.root), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {(row["author"], row["kind"], row["reason"]) for row in rows} >= {("ada", "accept_gate", "counted by hand")}
