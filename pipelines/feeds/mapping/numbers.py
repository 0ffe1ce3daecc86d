"""Numbers as a table writes them, to the form 1234.5: text to text, never by way of a float.

Where thousands may be parted, they must be parted rightly: groups of three behind one to three digits, by one mark
throughout, and the first group does not begin with 0 (`0.123` is no 123). Whatever else is no number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import polars as pl

_EXPONENT: Final = r"^[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,2}$"
"""A number as spreadsheets and programs write very small and very large ones, once its decimal mark is a point."""


@lru_cache(maxsize=64)
def _form(decimal: str, thousands: tuple[str, ...]) -> str:
    groups = "".join(rf"|[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+" for mark in thousands)
    return rf"^[+-]?(?:[0-9]+{groups})(?:{re.escape(decimal)}[0-9]+)?$"


def to_plain(text: pl.Series, decimal: str, thousands: tuple[str, ...], may_round: bool = False) -> tuple[pl.Series, pl.Series]:
    """Numbers (without blanks around them) in plain form, and where the text is none; plain ones are left as they are.

    With `may_round`, what is written with an exponent (`1.5E-05`) is a number too, and is left for `rounded`.

    >>> read, bad = to_plain(pl.Series(["1.234,5", "1,5", "1.23", "-12"]), ",", (".",))
    >>> read.to_list(), bad.to_list()
    (['1234.5', '1.5', None, '-12'], [False, False, True, False])
    """
    is_number = text.str.contains(_form(decimal, thousands)).fill_null(True)
    if may_round:
        is_number |= text.str.replace(decimal, ".", literal=True).str.contains(_EXPONENT)
    bad = ~is_number
    if bad.any():
        text = text.set(bad, None)
    for mark in thousands:
        text = text.str.replace_all(mark, "", literal=True)
    if decimal != ".":
        text = text.str.replace(decimal, ".", literal=True)
    return text, bad
