"""The catalogue in one language: words by key, and figures, units, money and days as the language writes them.

Belongs here: everything between a value and what a person reads. Does not belong here: which value is shown.
"""

from __future__ import annotations

import functools
import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from pipelines.words.catalogue import catalogue, check_language

_SEPARATORS: Final = {"en": (",", "."), "fr": ("\u202f", ",")}
_REASONS: Final = "reason."


class Code(str):
    """A key of the catalogue that stands for itself in a sentence, as against a user's own text."""

    __slots__ = ()


@functools.cache
def words_in(language: str) -> Words:
    """The words of a language. Raises UserError for one that the catalogue does not have."""
    return Words(language)


class Words:
    """The catalogue in one language. Raises UserError for a language that it does not have.

    >>> Words("en")("order.by_supplier"), Words("fr")("bars.against", units=1234, usual=Decimal("0.5"))
    ('By supplier', '1\u202f234 (habituel 0,5)')
    """

    def __init__(self, language: str) -> None:
        self.language = check_language(language)

    @property
    def suffix(self) -> str:
        """What a file's name carries before its ending: nothing in English."""
        return "" if self.language == "en" else f".{self.language}"

    def __call__(self, key: str, /, **values: Any) -> str:
        """The words of a key with what is put into them, written as the language does. KeyError where there are none."""
        text = catalogue()[key][self.language]
        return text.format(**{name: _Shown(value, self) for name, value in values.items()}) if values else text

    def known(self, key: str) -> str | None:
        """The words of a key, or null where the catalogue has none: codes that come from elsewhere."""
        found = catalogue().get(key)
        return found[self.language] if found else None

    def code(self, key: str) -> str:
        """The words of a code by its key (`state.returned`); of one that the catalogue lacks, the code's own.

        >>> Words("fr").code("state.returned"), Words("en").code("movement.shelf_recount")
        ('retourné', 'shelf recount')
        """
        return self.known(key) or key.rpartition(".")[2].replace("_", " ")

    def unit(self, code: str, size: Decimal | float) -> str:
        """A unit as it follows a figure of this size; a currency is its own word.

        >>> Words("fr").unit("days", 1.5), Words("en").unit("days", 1.5), Words("en").unit("units", 1), Words("en").unit("EUR", 2)
        ('jour', 'days', 'unit', 'EUR')
        """
        return self.plural(self.known(f"unit.{code}") or code, size)

    def plural(self, forms: str, size: Decimal | float) -> str:
        """Of `one|several` the form that a figure of this size asks for."""
        one, _, several = forms.partition("|")
        magnitude = abs(float(size))
        is_one = magnitude < 2 if self.language == "fr" else magnitude == 1
        return one if is_one else several or one

    def shown(self, value: Any) -> str:
        """A value as a person reads it: figures with the digits that count, days as ISO 8601, a `Code` in words, a text as it is."""
        if value is None:
            return self("word.unknown")
        if isinstance(value, Code):
            return self.code(value)
        if isinstance(value, int | float | Decimal):
            return self.figure(value)
        return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)

    def figure(self, value: int | float | Decimal) -> str:
        """A figure with two decimals, more where it is small, so that a formula worked out as it is written gives its result.

        >>> [Words("en").figure(size) for size in (Decimal("132.897"), 20.0, 0.008219)], Words("fr").figure(Decimal("0.0512"))
        (['132.9', '20', '0.008219'], '0,0512')
        """
        size = abs(float(value))
        decimals = 2 if size >= 10 or not size else min(6, 4 - math.ceil(math.log10(size)))
        text = f"{value:,.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:,.0f}"
        return self._written("0" if text == "-0" else text)

    def number(self, value: int | float | Decimal | None, decimals: int | None = None) -> str:
        """A figure of a table; null is a dash. Without `decimals`: none, or two for a broken number.

        >>> Words("en").number(195129), Words("en").number(None), Words("en").number(Decimal("0.25")), Words("en").number(-2)
        ('195,129', '–', '0.25', '−2')
        """
        if value is None:
            return "–"
        places = (0 if value == int(value) else 2) if decimals is None else decimals
        return self._written(f"{value:,.{places}f}").replace("-", "−")

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

    def percent(self, figure: str) -> str:
        r"""A figure that is in percent already, with its sign.

        >>> Words("en").percent("96.1"), Words("fr").percent("96,1")
        ('96.1%', '96,1\xa0%')
        """
        return f"{figure}%" if self.language == "en" else f"{figure}\u00a0%"

    def change(self, share: Decimal | float | None, decimals: int = 0) -> str:
        """A change as a share of one, in percent with its sign: 0.2 is +20%."""
        return "–" if share is None else self.percent(self.signed(Decimal(str(share)) * 100, decimals))

    def day(self, day: date | None) -> str:
        """A day as ISO 8601; a dash where there is none."""
        return "–" if day is None else day.isoformat()

    def weekday(self, day: date) -> str:
        """The name of a day's weekday."""
        return self(f"weekday.{day.isoweekday()}")

    def age(self, span: timedelta) -> str:
        """A span in the unit that fits.

        >>> Words("en").age(timedelta(hours=5, minutes=1)), Words("en").age(timedelta(days=3)), Words("fr").age(timedelta(0))
        ('5 hours', '3 days', '0 minute')
        """
        minutes = max(0, int(span.total_seconds())) // 60
        unit, size = ("minutes", 1) if minutes < 120 else ("hours", 60) if minutes < 48 * 60 else ("days", 1440)
        return f"{self.number(minutes // size)} {self.unit(unit, minutes // size)}"

    def reason(self, text: str) -> str:
        """A reason that the tables keep in English, in this language; a planner's own words stay as they are.

        >>> Words("fr").reason("6 receipts and erratic demand"), Words("fr").reason("our own words")
        ('6 réceptions et demande erratique', 'our own words')
        """
        if self.language == "en":
            return text
        for key, pattern in _reason_patterns():
            if found := pattern.fullmatch(text):
                values = found.groupdict()
                return self(
                    key, **{name: Code(f"{name}.{value}") if name == "demand_class" else int(value) for name, value in values.items()}
                )
        return text

    def _written(self, text: str) -> str:
        """Python's digits with the language's separators."""
        thousands, point = _SEPARATORS[self.language]
        return text.replace(",", "\0").replace(".", point).replace("\0", thousands)


class _Shown:
    """A value on its way into a text; a number brings along the word that it asks for: `{rows:row|rows}`."""

    def __init__(self, value: Any, words: Words) -> None:
        self._value, self._words = value, words

    def __format__(self, forms: str) -> str:
        shown = self._words.shown(self._value)
        if not forms:
            return shown
        # What is unknown has no unit.
        return f"{shown} {self._words.plural(forms, self._value)}" if isinstance(self._value, int | float | Decimal) else shown


@functools.cache
def _reason_patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The English reasons as patterns, the ones that say most first."""
    found = []
    for key, texts in catalogue().items():
        if key.startswith(_REASONS):
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>\\w+)", re.escape(texts["en"]))
            found.append((key, re.compile(pattern)))
    return found
