"""The catalogue, read from the CSV files of this folder.

Belongs here: reading. Does not belong here: putting figures into words (`words`).
"""

from __future__ import annotations

import csv
import functools
import re
from pathlib import Path
from typing import Final

from pipelines.errors import UserError

LANGUAGES: Final = ("en", "fr")
FILES: Final = ("codes", "explain", "exports", "brief")
_NO_BREAK: Final = ((re.compile(r" (?=[:;!?%»])"), "\u00a0"), (re.compile(r"« "), "«\u00a0"))


def read_rows() -> list[tuple[str, str, str]]:
    """Key, English and French, file by file, as they are written there."""
    rows = []
    for name in FILES:
        with Path(__file__).with_name(f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows += [(row["key"], row["en"], row["fr"]) for row in csv.DictReader(file)]
    return rows


@functools.cache
def catalogue() -> dict[str, dict[str, str]]:
    """The words of every key by language; French with its no-break spaces."""
    return {key: {"en": english, "fr": in_french_setting(french)} for key, english, french in read_rows()}


def in_french_setting(text: str) -> str:
    r"""The text as French sets it.

    >>> in_french_setting("attention : « oui »")
    'attention\xa0: «\xa0oui\xa0»'
    """
    for pattern, put in _NO_BREAK:
        text = pattern.sub(put, text)
    return text


def check_language(language: str) -> str:
    """The language, if the catalogue has it. Raises UserError (exit code 2)."""
    if language not in LANGUAGES:
        raise UserError(f"the language {language!r} is not available", next_step=f"--lang {' or --lang '.join(LANGUAGES)}")
    return language
