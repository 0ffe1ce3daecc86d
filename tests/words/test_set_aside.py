"""Every reason for which a row is set aside has its French sentence, which takes the English one's place wherever that stands."""

from __future__ import annotations

import string

import pytest

from pipelines.feeds.reasons import MEANING, REASONS
from pipelines.words.set_aside import french_sentences, in_french

SAID = {code: [sentences[code] for sentences in (REASONS, MEANING) if code in sentences] for code in REASONS | MEANING}


def holes(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name) if "{ " not in text else []


def test_both_languages_have_the_same_codes_and_put_in_the_same() -> None:
    french = french_sentences()
    assert {code: len(texts) for code, texts in french.items()} == {code: len(texts) for code, texts in SAID.items()}
    assert [code for code in SAID if [holes(text) for text in SAID[code]] != [holes(text) for text in french[code]]] == []


@pytest.mark.parametrize("code", sorted(SAID))
def test_the_stored_sentence_is_put_into_french_with_what_stands_around_it(code: str) -> None:
    for english, french in zip(SAID[code], french_sentences()[code], strict=True):
        values = {name: f"<{name}: 12,5>" for name in holes(english)}
        stored, wanted = (text.format(**values) if values else text for text in (english, french))
        assert in_french(code, f"quantity 'two': {stored}", SAID[code]) == f"quantity 'two': {wanted}"


def test_what_is_none_of_its_sentences_stays_as_it_is() -> None:
    assert in_french("bad_number", "said by an earlier version", SAID["bad_number"]) == "said by an earlier version"
    assert in_french("of_tomorrow", "said by a later version", []) == "said by a later version"
