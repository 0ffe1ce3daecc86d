"""Words that SQL and Python share: SQL has each list once, and it is Python's."""

from __future__ import annotations

import re

from pipelines.feeds.registry import FEEDS
from pipelines.settings import DBT_PROJECT
from pipelines.states import SELLABLE_STATES, STOCK_STATES


def _macro(file: str, name: str) -> str:
    text = (DBT_PROJECT / "macros" / file).read_text(encoding="utf-8")
    return text.split(f"{{% macro {name}(")[1].split("{%- endmacro")[0]


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"'(\w+)'", text))


def _models() -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in sorted((DBT_PROJECT / "models").rglob("*.sql"))}


def test_the_states_that_can_be_sold_are_the_events() -> None:
    assert _words(_macro("legs.sql", "is_sellable")) == SELLABLE_STATES


def test_the_feeds_whose_silence_is_critical_are_the_registrys() -> None:
    critical = tuple(feed.name for feed in FEEDS if feed.silence_severity == "critical")
    assert _words(_macro("feeds.sql", "feeds_of_stock")) == critical


def test_no_model_lists_feeds_or_sellable_states_again() -> None:
    feeds = {feed.name for feed in FEEDS}
    lists = [(name, set(_words(found))) for name, text in _models().items() for found in re.findall(r" in \(([^()]*)\)", text)]
    assert lists
    assert [name for name, words in lists if len(words & feeds) > 1 or words >= set(SELLABLE_STATES)] == []


def test_every_state_that_a_model_names_is_one() -> None:
    named = {(name, state) for name, text in _models().items() for state in re.findall(r"stock_state (?:=|<>) '(\w+)'", text)}
    assert named
    assert [one for one in named if one[1] not in STOCK_STATES] == []
