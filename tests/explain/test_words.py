"""A chain in both languages: every word is there, and no figure differs."""

from __future__ import annotations

import re

import pytest

from pipelines.explain.chain import Explanation
from pipelines.explain.terms import say
from pipelines.words.catalogue import catalogue
from pipelines.words.words import words_in

from .conftest import key_of

pytestmark = pytest.mark.timeout(900)  # the first test makes the world


def test_every_code_that_the_chains_use_is_in_the_catalogue(chains: list[Explanation]) -> None:
    used = {
        f"term.{term.code}"
        for chain in chains
        for one in chain.sections
        for term in one.terms
        if term.code not in ("movement", "on_hand_units")
    }
    used |= {f"heading.{one.code}" for chain in chains for one in chain.sections}
    used |= {f"say.{term.note[0]}" for chain in chains for one in chain.sections for term in one.terms if term.note}
    used |= {
        f"unit.{term.unit}"
        for chain in chains
        for one in chain.sections
        for term in one.terms
        if term.unit in ("units", "days", "receipts")
    }
    assert used - catalogue().keys() == set()


def test_french_and_english_have_the_same_figures(chains: list[Explanation]) -> None:
    for chain in chains:
        english, french = chain.to_data("en"), chain.to_data("fr")
        for one, other in zip(english["sections"], french["sections"], strict=True):
            for term, terme in zip(one["terms"], other["terms"], strict=True):
                assert term["value"] == terme["value"]
                for part in ("text", "formula", "note"):
                    assert _numbers(term[part], ",", ".") == _numbers(terme[part], "\u202f", ","), (key_of(chain.facts), term["code"], part)
        assert _numbers(english["headline"], ",", ".") == _numbers(french["headline"], "\u202f", ",")
        assert french["sections"][0]["terms"][0]["label"] != english["sections"][0]["terms"][0]["label"]


def _numbers(text: str | None, thousands: str, point: str) -> list[str]:
    """The figures of a text, each as Python writes it."""
    plain = re.sub(rf"(?<=\d){thousands}(?=\d\d\d)", "", text or "")
    return sorted(re.findall(r"\d+(?:\.\d+)?", re.sub(rf"(?<=\d){re.escape(point)}(?=\d)", ".", plain)))


def test_reasons_of_the_tables_are_said_in_french() -> None:
    said = {
        "6 receipts and erratic demand": "6 réceptions et demande erratique",
        "no demand is known, seen on 1 days": "aucune demande connue (1 jour observé)",
        "a planner's own words": "a planner's own words",
    }
    for reason, french in said.items():
        assert say(("method_reason", {"reason": reason}), "fr") == f"raison\u00a0: {french}"
        assert say(("method_reason", {"reason": reason}), "en") == f"reason: {reason}"


def test_no_reason_of_planning_lacks_its_french(chains: list[Explanation]) -> None:
    reasons = {chain.facts.plan["method_reason"] for chain in chains if chain.facts.plan}
    assert [reason for reason in reasons if words_in("fr").reason(reason) == reason] == []
