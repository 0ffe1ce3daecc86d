"""What was usual of a feed's rows so far, and when a share that falls short of it blocks.

Belongs here: counting, rule by rule, how many rows met a rule about a share, and judging a new share by that. Does not belong
here: the shares that a feed declares (`pipelines.feeds`), evaluating them (`in_sql`), storing what was counted (`feed_gates`).

A share below its bound warns. It blocks only where it cannot be chance or somebody's way of working: where almost none of many
rows meet what most of many rows before them met. What a gate blocked is not counted into what is usual.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final

from pipelines.quality.in_sql import Outcome
from pipelines.quality.rules import Rule, Severity

ROWS_NEEDED: Final = 200
"""Rows that a rule counts, of the look and of all looks before it: with fewer a share says little."""
ALMOST_NONE: Final = 0.1


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """Rows that a rule counted so far, and how many of them met it."""

    rows: int = 0
    met: int = 0

    def plus(self, outcome: Outcome) -> Share:
        """With what a look found."""
        return Share(self.rows + outcome.rows_checked, self.met + outcome.rows_checked - outcome.rows_failed)


def severity_of(rule: Rule, outcome: Outcome, usual: Share) -> Severity:
    """Whether a rule that is not met blocks or warns here.

    >>> rule = Rule("r", "pos", "between", ("unit_price_amount",), "", "block", low=0, at_least=0.5)
    >>> severity_of(rule, Outcome("r", False, 300, 300, []), Share(1000, 990))
    'block'
    >>> severity_of(rule, Outcome("r", False, 3, 3, []), Share(1000, 990)), severity_of(rule, Outcome("r", False, 300, 300, []), Share())
    ('warn', 'warn')
    """
    if rule.at_least >= 1 or rule.severity != "block":
        return rule.severity
    is_many = min(outcome.rows_checked, usual.rows) >= ROWS_NEEDED
    if not is_many or usual.met < rule.at_least * usual.rows:
        return "warn"
    return "block" if outcome.rows_checked - outcome.rows_failed < ALMOST_NONE * outcome.rows_checked else "warn"


def counted(usual: Mapping[str, Share], rules: Iterable[Rule], outcomes: Mapping[str, Outcome]) -> dict[str, Share]:
    """What is usual after a look that did not block, by the code of each rule about a share that can."""
    return {
        rule.code: usual.get(rule.code, Share()).plus(outcomes[rule.code])
        for rule in rules
        if rule.severity == "block" and rule.at_least < 1
    }
