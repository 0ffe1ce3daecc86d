"""Shares: when a delivery is so unlike all before it that it blocks, and that nothing less does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.quality.gates import GateRun, check_feeds
from pipelines.quality.in_sql import Outcome
from pipelines.quality.rules import Rule
from pipelines.quality.shares import Share, severity_of
from tests.worlds.small_home import SmallHome, homes, pos

NOW = datetime(2026, 4, 2, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallHome]:
    return homes(tmp_path_factory.mktemp("shares"))


class Till:
    """A shop whose till sends files, each looked at by the gate."""

    def __init__(self, home: SmallHome) -> None:
        self._home, self._files = home, 0

    def sends(self, *units: int, **more: Any) -> GateRun:
        """A file with a line of each of these units; what the gate found."""
        self._files += 1
        ticket = f"P{self._files}"
        rows = [pos(ticket, line, "sale", "2026-03-03T10:00:00", "TEE", count, **more) for line, count in enumerate(units, start=1)]
        self._home.deliver(**{f"pos/{ticket}.jsonl": rows})
        [run] = [run for run in check_feeds(self._home.home, clock=lambda: NOW) if run.subject == "pos"]
        return run


def found(run: GateRun) -> dict[str, tuple[str, int, int]]:
    """Rules that are not met: severity, rows that break it, rows counted."""
    return {one.rule_code: (one.severity, one.rows_failed, one.rows_checked) for one in run.failed}


def test_almost_nothing_of_the_usual_blocks_until_the_next_good_delivery(fresh: Iterator[SmallHome]) -> None:
    till = Till(next(fresh))
    assert not till.sends(*[1] * 200).is_blocked
    blocked = till.sends(*[60_000] * 199, 1)
    assert blocked.is_blocked and found(blocked)["pos.quantity.between_mostly"] == ("block", 199, 200)
    assert not till.sends(1).is_blocked


RULE = Rule("pos.quantity.between_mostly", "pos", "between", ("quantity",), "", "block", low=0, high=50_000, at_least=0.5)


@pytest.mark.parametrize(
    ("before", "met", "rows", "why"),
    [
        (Share(), 0, 300, "without a history nothing is usual"),
        (Share(199, 199), 0, 300, "199 rows are no history"),
        (Share(300, 300), 0, 199, "199 rows are a bad hour"),
        (Share(300, 300), 0, 1, "a single line is a line"),
        (Share(300, 300), 30, 300, "a tenth of it is as usual"),
        (Share(300, 100), 0, 300, "goods sold by the gram are usual here"),
    ],
)
def test_less_than_that_warns(before: Share, met: int, rows: int, why: str) -> None:
    assert severity_of(RULE, Outcome(RULE.code, False, rows, rows - met, []), before) == "warn", why


def test_what_was_blocked_does_not_become_usual(fresh: Iterator[SmallHome]) -> None:
    till = Till(next(fresh))
    till.sends(*[1] * 200)
    for _ in range(2):
        assert till.sends(*[60_000] * 200).is_blocked


def test_the_figures_of_a_rule_are_those_of_the_rows_it_counts(fresh: Iterator[SmallHome]) -> None:
    home = next(fresh)
    rows = [pos("R1", line, "return", "2026-03-03T10:00:00", "TEE", 1) for line in (1, 2)]
    rows.append(rows[0] | {"document_line": 3, "unit_price_amount": "-5.00", "currency_code": "EUR"})
    home.deliver(**{"pos/returns.jsonl": rows})
    [run] = [run for run in check_feeds(home.home, clock=lambda: NOW) if run.subject == "pos"]
    [one] = [one for one in run.failed if one.rule_code == "pos.unit_price_amount.between_mostly"]
    assert not run.is_blocked
    assert one.rows_in_words == "1 of 1 rows with unit_price_amount break it"
    assert "of the rows that have one" in one.what
