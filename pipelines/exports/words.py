"""The words of exports and of the brief, in English and French, from one catalogue: `words.csv`.

Belongs here: reading the catalogue, and how numbers, money and days are written in each language. Does not belong
here: which words a file uses.
"""

from __future__ import annotations

import csv
import functools
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pipelines.errors import UserError

CATALOGUE: Final = Path(__file__).with_name("words.csv")
LANGUAGES: Final = ("en", "fr")
_SEPARATORS: Final = {"en": (",", "."), "fr": ("\u202f", ",")}


@functools.cache
def catalogue() -> dict[str, dict[str, str]]:
    """The words of every key, by language."""
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        return {row["key"]: {language: row[language] for language in LANGUAGES} for row in csv.DictReader(file)}


class Words:
    """The catalogue in one language. Raises UserError for a language that it does not have.

    >>> Words("fr")("about.days", days=1), Words("fr")("about.days", days=3), Words("en").number(Decimal("1234.50"), 1)
    ('1 jour', '3 jours', '1,234.5')
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UserError(f"there are no words in {language!r}", next_step=f"--lang {' or --lang '.join(LANGUAGES)}")
        self.language = language

    @property
    def suffix(self) -> str:
        """What a file's name carries before its ending: nothing in English."""
        return "" if self.language == "en" else f".{self.language}"

    def __call__(self, key: str, **figures: Any) -> str:
        """The words of a key with their figures, numbers written as the language does. KeyError where there are none.

        `{rows:row|rows}` in the catalogue is the number and the word that it asks for.
        """
        text = catalogue()[key][self.language]
        shown = {name: _Count(value, self) if isinstance(value, int | Decimal) else value for name, value in figures.items()}
        return text.format(**shown) if figures else text

    def known(self, key: str) -> str | None:
        """The words of a key, or null where the catalogue has none: codes that come from elsewhere."""
        found = catalogue().get(key)
        return found[self.language] if found else None

    def number(self, value: int | float | Decimal | None, decimals: int | None = None) -> str:
        """A figure with separators of thousands; null is a dash. Without `decimals`: none, or two for a broken number.

        >>> Words("en").number(195129), Words("en").number(None), Words("en").number(Decimal("0.25"))
        ('195,129', '–', '0.25')
        """
        if value is None:
            return "–"
        places = (0 if value == int(value) else 2) if decimals is None else decimals
        thousands, point = _SEPARATORS[self.language]
        return f"{value:,.{places}f}".replace(",", "\0").replace(".", point).replace("\0", thousands).replace("-", "−")

    def signed(self, value: int | Decimal | None, decimals: int | None = None) -> str:
        """A change, with its sign.

        >>> Words("en").signed(463), Words("en").signed(-463), Words("en").signed(0)
        ('+463', '−463', '±0')
        """
        if value is None:
            return "–"
        return ("+" if value > 0 else "±" if value == 0 else "") + self.number(value, decimals)

    def money(self, amount: Decimal | None, currency: str | None) -> str:
        """An amount with its currency's code; a dash where it is unknown."""
        return "–" if amount is None else f"{self.number(amount, 2)} {currency or '?'}"

    def percent(self, share: Decimal | float | None, decimals: int = 0) -> str:
        """A share of one in percent, with its sign."""
        return "–" if share is None else f"{self.signed(Decimal(str(share)) * 100, decimals)} %"

    def day(self, day: date | None) -> str:
        """A day as ISO 8601; a dash where there is none."""
        return "–" if day is None else day.isoformat()

    def weekday(self, day: date) -> str:
        """The name of a day's weekday."""
        return self(f"weekday.{day.isoweekday()}")

    def age(self, span: timedelta) -> str:
        """A span in the unit that fits.

        >>> Words("en").age(timedelta(hours=5, minutes=1)), Words("en").age(timedelta(days=3)), Words("en").age(timedelta(0))
        ('5 hours', '3 days', '0 minutes')
        """
        minutes = max(0, int(span.total_seconds())) // 60
        if minutes < 120:
            return self("about.minutes", minutes=minutes)
        return self("about.hours", hours=minutes // 60) if minutes < 48 * 60 else self("about.days", days=minutes // 1440)


class _Count:
    """A number that brings its word along in a text: `{rows:row|rows}`. In French the plural begins at 2."""

    def __init__(self, value: int | Decimal, words: Words) -> None:
        self._value, self._words = value, words

    def __format__(self, forms: str) -> str:
        number = self._words.number(self._value)
        if not forms:
            return number
        one, _, many = forms.partition("|")
        is_one = self._value < 2 if self._words.language == "fr" else self._value == 1
        return f"{number} {one if is_one else many}"
