"""The parts of a chain: a term with its figure, unit, source and formula, and the sections they stand in.

Belongs here: what a term is, how its figure is written, its form as data. Does not belong here: which terms there are
(`chain`), their words (`pipelines.words`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pipelines.explain.facts import Facts
from pipelines.words.words import words_in

Sentence = tuple[str, dict[str, Any]]
"""A code of the catalogue and what is put into it: figures, texts, words by `Code`, or sentences again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """One step of the chain.

    `value` is exactly what the table keeps (null: unknown), `unit` a code of the catalogue, `source` the column it stands
    in as `table.column` (or the columns a step without a column of its own is made of). `formula`: a template of the
    catalogue and the figures that go into it, in order or by name (then those that it names). `named` is put into the label where a row is listed (a document, a state).
    """

    code: str
    value: Any
    unit: str
    source: str
    formula: tuple[str, Sequence[Any] | Mapping[str, Any]] | None = None
    note: Sentence | None = None
    named: str | None = None

    def label(self, language: str) -> str:
        """What the figure is; of a listed row its own name."""
        words = words_in(language)
        return (words.known(f"term.{self.code}") or "{}").replace("{}", words.shown(self.named) if self.named else "")

    def value_text(self, language: str) -> str:
        """The figure as a person reads it, with its unit."""
        words = words_in(language)
        if self.value is None:
            return words("word.unknown")
        if self.unit == "share":
            return words.percent(words.figure(self.value * 100))
        if self.unit in ("method", "demand_class"):
            return words.code(f"{self.unit}.{self.value}")
        if self.unit in ("text", "date", "factor", "rank"):
            return words.shown(self.value)
        return f"{words.figure(self.value)} {words.unit(self.unit, self.value)}"

    def formula_text(self, language: str) -> str:
        """The formula with its figures; empty where there is none, or one of them is unknown."""
        if self.formula is None:
            return ""
        code, figures = self.formula
        text = words_in(language)(f"formula.{code}")
        if isinstance(figures, Mapping):
            figures = {name: value for name, value in figures.items() if f"{{{name}}}" in text}
            shown = {name: _in_formula(value, language) for name, value in figures.items()}
            return "" if None in figures.values() else text.format(**shown)
        return "" if None in figures else text.format(*(_in_formula(value, language) for value in figures))

    def note_text(self, language: str) -> str:
        """What is to be said about it; empty where nothing is."""
        return say(self.note, language) if self.note else ""

    def to_data(self, language: str) -> dict[str, Any]:
        """The term as data, with its texts in a language; the figure as the table keeps it."""
        return {
            "code": self.code,
            "label": self.label(language),
            "value": plain(self.value),
            "unit": self.unit,
            "text": self.value_text(language),
            "formula": self.formula_text(language) or None,
            "note": self.note_text(language) or None,
            "source": self.source,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """Terms under one heading, from what follows to what it rests on. `note` is said under the heading."""

    code: str
    terms: list[Term]
    note: Sentence | None = None


def not_kept(facts: Facts) -> Sentence | None:
    """What is said at a term that a plan of an earlier version did not keep; null where it was kept."""
    return None if facts.is_kept else ("not_kept", {})


def say(what: Sentence, language: str) -> str:
    """A sentence with its figures written the language's way."""
    code, values = what
    words = words_in(language)
    said = {name: say(value, language) if isinstance(value, tuple) else value for name, value in values.items()}
    if isinstance(said.get("reason"), str):
        said["reason"] = words.reason(said["reason"])
    return words(f"say.{code}", **said)


def plain(value: Any) -> Any:
    """The value in the types of JSON; the tables' decimals keep their digits.

    >>> plain(Decimal("4.9173")), plain(Decimal("12.0000")), plain(date(2026, 3, 2))
    (4.9173, 12, '2026-03-02')
    """
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value


def _in_formula(value: Any, language: str) -> str:
    text = words_in(language).shown(value)
    return f"({text})" if text.startswith("-") else text
