"""Numbers rounded to so many decimals, text to text, never by way of a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Final

import polars as pl

_WIDE: Final = Context(prec=400)
_NUMBER: Final = r"^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_MOST_DIGITS: Final = 400


def rounded(text: pl.Series, decimals: int) -> pl.Series:
    """Plain numbers with at most so many decimals, halves away from zero; those that have no more are left as they are.

    So is what is no number, and what has more digits than anybody could read: whoever reads the column refuses them.

    >>> rounded(pl.Series(["49.9999999999999", "2.00005", "-0.00001", "1.5e-3", "12", None]), 4).to_list()
    ['50.0000', '2.0001', '0.0000', '0.0015', '12', None]
    >>> rounded(pl.Series(["1.23456", "TEE", "1e999999999", "1e-99999999999999999999", "0.12345e"]), 4).to_list()
    ['1.2346', 'TEE', '1e999999999', '1e-99999999999999999999', '0.12345e']
    """
    is_fine = (text.str.contains(rf"\.[0-9]{{{decimals + 1},}}|[eE]") & text.str.contains(_NUMBER)).fill_null(False)
    if not is_fine.any():
        return text
    last = Decimal(1).scaleb(-decimals)
    near = {one: _nearest(one, last) for one in text.filter(is_fine).unique()}
    return text.replace_strict(list(near), list(near.values()), default=text, return_dtype=pl.String())


def _nearest(written: str, last: Decimal) -> str:
    try:
        number = Decimal(written)
    except InvalidOperation:  # an exponent beyond all numbers
        return written
    if number.adjusted() > _MOST_DIGITS:
        return written
    if number.adjusted() > 40:
        return format(number, "f")  # refused for its size
    near = number.quantize(last, ROUND_HALF_UP, context=_WIDE)
    return format(near if near else abs(near), "f")
