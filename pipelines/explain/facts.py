"""What the chain of one item at one place rests on, as rows of the published tables.

Belongs here: the rows' holder. Does not belong here: the queries (`read`), words, formulas.
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pipelines.explain.lines import Line

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class History:
    """`stock`: day and sellable units at its close. `demand`: day, units asked for, and whether the day is censored."""

    first_on: date
    stock: list[tuple[date, int]]
    demand: list[tuple[date, int, bool]]


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Rows by table, as published. `plan` is null where the latest run did not plan the item there, `run` where there is no run."""

    item: Row
    location: Row
    publication: Row
    run: Row | None
    plan: Row | None
    proposal: Row | None
    demand: Row | None
    receipts: Row
    terms: list[Row]
    settings: dict[str, Row]
    """Setting to its value (text) and the policy row it comes from, as planning used them; empty where it did not keep them."""
    counted: list[Row]
    """What was on its way when the plan was made, line by line, with the use planning made of it."""
    supply: list[Row]
    """What is on its way by what is known now, as of the same instant."""
    stock_then: list[Row]
    stock_now: list[Row]
    expired_then: int
    """Units in sellable states as of the plan that were past their day: none of them can be sold."""
    movements: list[Row]
    lines: dict[str, Line]
    """Event to the line of the delivery it came from, as far as the home's spool still has it."""
    history: History | None = None
    """Day by day, for the chart; null where it was not asked for."""

    @property
    def supplier(self) -> Row | None:
        """The terms of the supplier that planning chose; null without one."""
        chosen = self.plan and self.plan["supplier_id"]
        return next((row for row in self.terms if row["supplier_id"] == chosen), None) if chosen is not None else None

    @property
    def is_kept(self) -> bool:
        """Whether the plan has its terms: a run of an earlier version kept only its results."""
        return bool(self.plan and self.plan["decision"])

    def setting(self, name: str) -> Any:
        """The value of a setting as planning used it: a number, or text; null where nobody gave one, or it was not kept."""
        text = (self.settings.get(name) or {}).get("setting_value")
        try:
            return None if text is None else Decimal(text)
        except InvalidOperation:
            return text

    @property
    def as_of_on(self) -> date:
        """The day planned for; the day of the newest news where nothing was planned."""
        if self.run:
            day: date = self.run["as_of_on"]
            return day
        seen: datetime = self.publication["newest_known_at"] or self.publication["published_at"]
        return seen.date()
