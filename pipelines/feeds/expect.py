"""What a feed expects of its rows, in six words: plain data, compiled to gates elsewhere.

A declaration costs nothing: it imports no gate engine. What one row breaks only warns (`"warn"`): an odd row is one row's fault.
`on_fail="stop"` is for shares (`at_least` below 1): where almost none of many rows meets what most of the feed's rows met so far,
what depends on them is blocked, planning and new marts, until the feed's next good delivery (`pipelines.quality.shares`).
"""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Literal

OnFail = Literal["stop", "warn"]


@dataclasses.dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: `word` is the name of the function that made it, `columns` are event columns.

    `low`, `high` (inclusive) belong to `between`, `values` to `one_of`, `pattern` (a regular expression for the
    whole text) to `matches`, `first` to `not_before`; null otherwise. Null values meet every expectation
    except `not_null`. `at_least` is the share of the values that must meet it. Raises ValueError where a single row could stop
    all others.
    """

    word: Literal["not_null", "unique", "between", "one_of", "matches", "not_before"]
    columns: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    first: date | None = None
    on_fail: OnFail = "warn"
    at_least: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what one row could block."""
        if self.on_fail == "stop" and self.at_least >= 1:
            raise ValueError(f"{self.word} of {', '.join(self.columns)}: only a share can stop a feed, for one row must not")


def not_null(*columns: str, on_fail: OnFail = "warn") -> Expectation:
    """Every row has a value in each of the columns."""
    return Expectation("not_null", columns, on_fail=on_fail)


def unique(*columns: str, on_fail: OnFail = "warn") -> Expectation:
    """No two rows have the same values in the columns together."""
    return Expectation("unique", columns, on_fail=on_fail)


def between(column: str, low: float, high: float, on_fail: OnFail = "warn", at_least: float = 1.0) -> Expectation:
    """Values are between `low` and `high`, both included; or at least a share of them is."""
    return Expectation("between", (column,), low=low, high=high, on_fail=on_fail, at_least=at_least)


def one_of(column: str, *values: str, on_fail: OnFail = "warn") -> Expectation:
    """Values come from a closed list."""
    return Expectation("one_of", (column,), values=values, on_fail=on_fail)


def matches(column: str, pattern: str, on_fail: OnFail = "warn") -> Expectation:
    """Values match a regular expression from beginning to end."""
    return Expectation("matches", (column,), pattern=pattern, on_fail=on_fail)


def not_before(column: str, first: date, on_fail: OnFail = "warn") -> Expectation:
    """No day or time is before the first day."""
    return Expectation("not_before", (column,), first=first, on_fail=on_fail)
