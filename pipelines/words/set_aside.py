"""Why a row is set aside, in French: the sentences of `set_aside.csv`, in the place of the English ones that are stored with the rows.

Belongs here: putting one in the place of the other. Does not belong here: the English sentences (`pipelines.feeds.reasons`), which rules say.
"""

from __future__ import annotations

import csv
import functools
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pipelines.words.catalogue import in_french_setting

_FILE: Final = Path(__file__).with_name("set_aside.csv")
_FIELD: Final = re.compile(r"\\{(\w+)\\}")


@functools.cache
def french_sentences() -> dict[str, list[str]]:
    """Code → its French sentences, of form before of meaning where it has both; braces as in the English ones."""
    found: dict[str, list[str]] = defaultdict(list)
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["code"]].append(in_french_setting(row["fr"]))
    return dict(found)


def in_french(code: str, reason: str, english: Sequence[str]) -> str:
    r"""A stored reason in French, given the English sentences of its code; as it is where it is made of none of them.

    What stands before and after the sentence, field and value or what a document is, stays.

    >>> in_french("bad_number", "quantity 'two': not a number in the form 1234.5", ["not a number in the form 1234.5"])
    "quantity 'two': pas un nombre de la forme 1234.5"
    >>> in_french("unknown_item", "no reference row names item TEE", ["no reference row names item {item_code}"])
    'aucune ligne du référentiel ne nomme l’article TEE'
    """
    for said, french in zip(english, french_sentences().get(code, []), strict=False):
        found = re.search(_pattern(said), reason, re.DOTALL)
        if found is not None:
            sentence = french.format(**found.groupdict()) if found.groupdict() else french
            return reason[: found.start()] + sentence + reason[found.end() :]
    return reason


@functools.cache
def _pattern(sentence: str) -> str:
    """The sentence as an expression, with a group for each pair of braces; one at its end takes what is left."""
    pattern = _FIELD.sub(r"(?P<\1>.+?)", re.escape(sentence))
    return pattern + "$" if pattern.endswith(".+?)") else pattern
