"""The catalogue of words, read from `words.csv`: labels, sentences and formulas of chain and chart, English and French.

Belongs here: reading the catalogue and putting figures into it. Does not belong here: which figures are shown. French
follows the trade: stock de sécurité, point de commande, position de stock, délai d'approvisionnement. In the file, `{}` and
`{name}` are where something is put, `one|several` the two forms of a unit. A code that the catalogue lacks is shown as it is
written in the tables.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("en", "fr")


class Code(str):
    """A word of the catalogue, as against a user's own text that may look like one."""

    __slots__ = ()


def _read() -> dict[str, dict[str, tuple[str, str]]]:
    """Kind to code to the two languages."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    with Path(__file__).with_name("words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["kind"], {})[row["code"]] = (row["en"], row["fr"])
    return found


_WORDS: Final = _read()
LABELS: Final = _WORDS["label"]
SENTENCES: Final = _WORDS["sentence"]
FORMULAS: Final = _WORDS["formula"]
_CLASSES: Final = _WORDS["class"]
_REASONS: Final = tuple(_WORDS["reason"].values())
"""The method reasons that the tables keep in English (a pattern), and their French; tried from the first to the last."""


def label(code: str, language: str) -> str:
    """The words of a code; of one that the catalogue lacks, the code's own.

    >>> label("safety_stock_units", "fr"), label("shelf_recount", "en")
    ('stock de sécurité', 'shelf recount')
    """
    return _in(language, LABELS[code]) if code in LABELS else code.replace("_", " ")


def unit_text(code: str, size: float, language: str) -> str:
    """A unit as it follows a figure of this size (French has its plural from 2 on); a currency is its own word.

    >>> unit_text("days", 1.5, "fr"), unit_text("days", 1.5, "en"), unit_text("units", 1, "en"), unit_text("EUR", 2, "en")
    ('jour', 'days', 'unit', 'EUR')
    """
    words = LABELS.get(f"unit_{code}")
    is_one = size < 2 if language == "fr" else size == 1
    return _in(language, words).split("|")[0 if is_one else 1] if words else code


def sentence(code: str, language: str, /, **values: str) -> str:
    """A sentence with what is put into it, as text."""
    text = _in(language, SENTENCES[code])
    if "reason" in values and language == "fr":
        values["reason"] = _reason_fr(values["reason"])
    return text.format(**values)


def formula_text(code: str, figures: list[str], language: str) -> str:
    """A formula with its figures, from left to right."""
    return _in(language, FORMULAS[code]).format(*figures)


def _in(language: str, words: tuple[str, str]) -> str:
    return words[LANGUAGES.index(language)]


def _reason_fr(reason: str) -> str:
    """A reason of the tables in French; a planner's own words stay as they are."""
    for pattern, french in _REASONS:
        if found := re.fullmatch(pattern, reason):
            text = found.expand(french)
            for english, words in _CLASSES.items():
                text = re.sub(rf"\b{english}\b", words[1], text)
            return text
    return reason


def check_language(language: str) -> str:
    """The language, if the catalogue has it. Raises UserError (exit code 2)."""
    from pipelines.errors import UserError

    if language not in LANGUAGES:
        raise UserError(f"the words are not there in {language!r}", next_step=f"--lang {' or --lang '.join(LANGUAGES)}")
    return language
