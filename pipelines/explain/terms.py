"""The parts of a chain: a term with its figure, unit, source and formula, and the sections they stand in.

Belongs here: what a term is, how its figure is written, its form as data. Does not belong here: which terms there are
(`chain`), their words (`words`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pipelines.explain.facts import Facts
from pipelines.explain.words import Code, formula_text, label, sentence, unit_text

Sentence = tuple[str, dict[str, Any]]
"""A code of the catalogue and what is put into it: figures, texts, words by `Code`, or sentences again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """One step of the chain.

    `value` is exactly what the table keeps (null: unknown), `unit` a code of the catalogue, `source` the column it stands
    in as `table.column` (or the columns a step without a column of its own is made of). `formula`: a template of the
    catalogue and the figures that go into it. `named` is put into the label where a row is listed (a document, a state).
    """

    code: str
    value: Any
    unit: str
    source: str
    formula: tuple[str, Sequence[Any]] | None = None
    note: Sentence | None = None
    named: str | None = None

    def label(self, language: str) -> str:
        """What the figure is."""
        return label(self.code, language).replace("{}", figure(self.named, language) if self.named else "")

    def value_text(self, language: str) -> str:
        """The figure as a person reads it, with its unit."""
        if self.value is None:
            return sentence("unknown", language)
        shown = f"{figure(self.value * 100, language)} %" if self.unit == "share" else figure(self.value, language)
        if self.unit in ("text", "date", "share", "factor"):
            return label(shown, language) if self.unit == "text" else shown
        return f"{shown} {unit_text(self.unit, float(abs(self.value)), language)}"

    def formula_text(self, language: str) -> str:
        """The formula with its figures; empty where there is none, or one of them is unknown."""
        template, figures = self.formula or ("", [])
        if not template or None in figures:
            return ""
        return formula_text(template, [_in_formula(value, language) for value in figures], language)

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
    return sentence(code, language, **{name: figure(value, language) for name, value in values.items()})


def figure(value: Any, language: str) -> str:
    """A figure as a person reads it: two decimals, more where it is small; text and days as they are.

    >>> figure(Decimal("132.897"), "en"), figure(Decimal("0.0512"), "fr"), figure(20.0, "en"), figure(None, "fr"), figure(0.008219, "en")
    ('132.9', '0,0512', '20', 'inconnu', '0.008219')
    """
    if value is None:
        return sentence("unknown", language)
    if isinstance(value, Code):
        return label(value, language)
    if isinstance(value, tuple):
        return say(value, language)
    if isinstance(value, Decimal | float):
        size = abs(float(value))
        # Four digits that count, so that a formula reckoned as written gives its figure.
        decimals = 2 if size >= 10 or not size else min(6, 4 - math.ceil(math.log10(size)))
        text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
        text = "0" if text == "-0" else text
        return text.replace(".", ",") if language == "fr" else text
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


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
    text = figure(value, language)
    return f"({text})" if text.startswith("-") else text
