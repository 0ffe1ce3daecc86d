"""Both languages say the same: every label is there in both, and no figure differs."""

from __future__ import annotations

import csv
import re
import string
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.explain.chain import Explanation
from pipelines.explain.words import FORMULAS, LABELS, SENTENCES, check_language, sentence
from pipelines.planning.safety_stock import METHODS
from pipelines.states import STOCK_STATES

from .conftest import key_of

pytestmark = pytest.mark.timeout(900)  # the first test makes the world

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("words", [LABELS, FORMULAS, SENTENCES], ids=["labels", "formulas", "sentences"])
def test_every_entry_is_there_in_both_languages_with_the_same_places_to_fill(words: dict[str, tuple[str, str]]) -> None:
    for code, (english, french) in words.items():
        assert english.strip()
        assert french.strip(), code
        assert _fields(english) == _fields(french), code
        assert english.count("|") == french.count("|"), code


def _fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_every_state_movement_and_method_has_its_words() -> None:
    with (ROOT / "pipelines" / "owner" / "posting" / "posting.csv").open(encoding="utf-8") as file:
        kinds = {row["event_kind"] for row in csv.DictReader(file)}
    assert (kinds | set(STOCK_STATES) | set(METHODS)) - LABELS.keys() == set()


def test_every_code_that_the_chains_use_is_in_the_catalogue(chains: list[Explanation]) -> None:
    used = {term.code for chain in chains for one in chain.sections for term in one.terms}
    used |= {one.code for chain in chains for one in chain.sections}
    assert used - LABELS.keys() == set()


def test_french_and_english_have_the_same_figures(chains: list[Explanation]) -> None:
    for chain in chains:
        english, french = chain.to_data("en"), chain.to_data("fr")
        for one, other in zip(english["sections"], french["sections"], strict=True):
            for term, terme in zip(one["terms"], other["terms"], strict=True):
                assert term["value"] == terme["value"]
                for part in ("text", "formula", "note"):
                    assert _numbers(term[part]) == _numbers(terme[part]), (key_of(chain.facts), term["code"], part)
        assert _numbers(english["headline"]) == _numbers(french["headline"])
        assert french["sections"][0]["terms"][0]["label"] != english["sections"][0]["terms"][0]["label"]


def _numbers(text: str | None) -> list[str]:
    """The figures of a text; a French comma between digits is a point."""
    return sorted(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d)", ".", text or "")))


def test_reasons_of_the_tables_are_said_in_french() -> None:
    assert sentence("method_reason", "fr", reason="6 receipts and erratic demand") == "parce que : 6 réceptions et demande erratique"
    assert (
        sentence("method_reason", "fr", reason="no demand is known, seen on 0 days") == "parce que : aucune demande connue, vue sur 0 jours"
    )
    assert sentence("method_reason", "fr", reason="a planner's own words") == "parce que : a planner's own words"


def test_no_reason_of_planning_lacks_its_french(chains: list[Explanation]) -> None:
    reasons = {chain.facts.plan["method_reason"] for chain in chains if chain.facts.plan}
    assert [reason for reason in reasons if sentence("method_reason", "fr", reason=reason).endswith(reason)] == []


def test_another_language_is_refused() -> None:
    with pytest.raises(UserError, match="--lang en or --lang fr"):
        check_language("de")
