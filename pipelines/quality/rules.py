"""A rule: one thing that must be true of one table, as plain data; and the rules that a feed declares.

Belongs here: the form of a rule, its words. Does not belong here: the suite that it becomes (`suites`), which of a
table's rows break it (`in_sql`), the rules of the marts (`marts_rules`).
"""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Final, Literal

from pipelines.feeds.expect import Expectation
from pipelines.feeds.spec import Feed

Severity = Literal["block", "warn"]
Word = Literal["not_null", "unique", "between", "one_of", "matches", "not_before", "holds"]

_SEVERITY: Final[dict[str, Severity]] = {"stop": "block", "warn": "warn"}


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One rule on one table of a look.

    `word` and its terms are those of `pipelines.feeds.expect`; `holds` is a condition in SQL, true of every row. `at_least`
    is the share of the rows with a value that must fulfil it; such a rule of a feed blocks only as `shares` says. Null values
    fulfil every word but `not_null`. `keys` are the columns that name a failing row to a person. `what` is the rule in words.
    """

    code: str
    table: str
    word: Word
    columns: tuple[str, ...]
    what: str
    severity: Severity = "block"
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    first: date | None = None
    condition: str | None = None
    at_least: float = 1.0
    keys: tuple[str, ...] = ()

    @property
    def column(self) -> str | None:
        """The column that the rule is about; null where it is about several, or about the table."""
        return self.columns[0] if len(self.columns) == 1 else None


def rules_of(feed: Feed, table: str, keys: tuple[str, ...]) -> list[Rule]:
    """The expectations that a feed declares, as rules on a table of its events; one rule for each column of a `not_null`.

    >>> from pipelines.feeds.declared.pos import POS
    >>> [rule.code for rule in rules_of(POS, "pos", ())][:2]
    ['pos.location_code.not_null', 'pos.document_id.not_null']
    """
    return [_rule(feed.name, table, expected, columns, keys) for expected in feed.expectations for columns in _columns_of(expected)]


def _columns_of(expected: Expectation) -> list[tuple[str, ...]]:
    """The columns of each rule that an expectation makes."""
    return [(name,) for name in expected.columns] if expected.word == "not_null" else [expected.columns]


def _rule(feed: str, table: str, expected: Expectation, columns: tuple[str, ...], keys: tuple[str, ...]) -> Rule:
    severity = _SEVERITY[expected.on_fail]
    # A column may have a plausible range, outside which the rule warns, and a wider one, outside which it blocks.
    code = f"{feed}.{'_'.join(columns)}.{expected.word}" + ("" if expected.on_fail == "stop" or expected.word == "not_null" else "_usually")
    code += "_mostly" if expected.at_least < 1 else ""
    return Rule(
        code=code, table=table, word=expected.word, columns=columns, what=_in_words(expected, columns), severity=severity, low=expected.low,
        high=expected.high, values=expected.values, pattern=expected.pattern, first=expected.first, at_least=expected.at_least,
        keys=tuple(dict.fromkeys((*keys, *columns))),
    )  # fmt: skip


def _in_words(expected: Expectation, columns: tuple[str, ...]) -> str:
    names = ", ".join(columns)
    said = {
        "not_null": f"{names} is present",
        "unique": f"no two rows have the same {names}",
        "between": f"{names} is between {_number(expected.low)} and {_number(expected.high)}",
        "one_of": f"{names} is one of {', '.join(expected.values)}",
        "matches": f"{names} matches {expected.pattern}",
        "not_before": f"{names} is not before {expected.first}",
    }[expected.word]
    return said + (f", in at least {expected.at_least:.0%} of the rows that have one" if expected.at_least < 1 else "")


def _number(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:,.15g}"


def quoted(name: str) -> str:
    """A name inside SQL."""
    return '"' + name.replace('"', '""') + '"'
