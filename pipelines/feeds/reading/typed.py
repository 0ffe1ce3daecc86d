"""Typed columns from text: numbers, booleans, codes. What cannot be read is null and noted as a fault."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipelines.feeds.reading import gs1
from pipelines.feeds.reading.blanks import BLANKS
from pipelines.feeds.reading.faults import Faults
from pipelines.feeds.reading.tags import canonical_epc, canonical_epcs
from pipelines.feeds.reading.times import FIRST_YEAR, Instants, outside, parse_dates, parse_instants

MAX_TEXT: Final = 512
DECIMAL: Final = pl.Decimal(18, 4)

_PLAIN: Final = r"^-?[0-9]{1,14}(?:\.[0-9]{1,4})?$"
_NUMBER: Final = r"^[+-]?[0-9]+(?:\.[0-9]+)?$"
_WHOLE: Final = r"^[+-]?[0-9]+(?:\.0+)?$"
_LONG: Final = r"^[+-]?0*[1-9][0-9]{14,}"
_FINE: Final = r"\.[0-9]{4}[0-9]*[1-9][0-9]*$"


def clean_text(text: pl.Series, is_ascii: bool) -> pl.Series:
    """Text without blanks around it, composed (NFC) and null where nothing is left."""
    if not is_ascii:
        text = text.str.normalize("NFC").str.strip_chars(BLANKS)
    else:
        text = text.str.strip_chars()
    return text if (shortest := text.str.len_bytes().min()) is None or shortest else text.set(text == "", None)


def decimals(text: pl.Series, field: str, faults: Faults) -> pl.Series:
    """DECIMAL(18,4), never by way of a float: more than 4 decimals are refused, not rounded."""
    if text.str.contains(_PLAIN).all():  # null counts as well formed
        return text.cast(DECIMAL)
    text = text.str.strip_chars(BLANKS)
    text = text.set(text == "", None)
    is_number = text.str.contains(_NUMBER).fill_null(True)
    faults.add("bad_number", field, ~is_number)
    faults.add("number_too_large", field, is_number & text.str.contains(_LONG))
    faults.add("too_many_decimals", field, is_number & text.str.contains(_FINE))
    return text.set(~is_number, None).cast(DECIMAL, strict=False)


def beyond(numbers: pl.Series, most: int) -> pl.Series:
    """Where numbers are above the most, or below it with a minus sign."""
    return (numbers > most) | (numbers < -most)


def whole_numbers(text: pl.Series, field: str, faults: Faults) -> pl.Series:
    """Int64; fractions and other text are faults."""
    text = text.str.strip_chars(BLANKS)
    text = text.set(text == "", None)
    is_number = text.str.contains(_NUMBER).fill_null(True)
    is_whole = text.str.contains(_WHOLE).fill_null(True)
    faults.add("bad_number", field, ~is_number)
    faults.add("not_whole", field, is_number & ~is_whole)
    number = text.set(~is_whole, None).str.replace(r"\.0+$", "").str.strip_chars_start("+").cast(pl.Int64(), strict=False)
    faults.add("number_too_large", field, is_whole & text.is_not_null() & number.is_null())
    return number


def booleans(text: pl.Series, field: str, faults: Faults) -> pl.Series:
    """True or false from `true`, `false`, `1`, `0` in any case."""
    words = text.str.strip_chars(BLANKS).str.to_lowercase()
    values = words.replace_strict(["true", "1", "false", "0"], [True, True, False, False], default=None, return_dtype=pl.Boolean())
    faults.add("bad_boolean", field, values.is_null() & text.is_not_null() & (words != ""))
    return values


def dates(text: pl.Series, field: str, faults: Faults, first_year: int = FIRST_YEAR) -> pl.Series:
    """Dates in the form 2026-03-02, from the first year to 2200."""
    values = parse_dates(text)
    faults.add("bad_date", field, values.is_null() & text.is_not_null())
    if (strange := outside(values, first_year)) is not None:
        faults.add("time_out_of_range", field, strange)
    return values


def instants(text: pl.Series, field: str, faults: Faults, with_time: bool = True) -> Instants:
    """Times, from the year 2000 as written to 2200, as written and in UTC."""
    read = parse_instants(text, with_time)
    faults.add("bad_time", field, read.local.is_null() & text.is_not_null())
    # the first hours of the first year, east of Greenwich, are a year earlier in UTC
    for values, first_year in ((read.local, FIRST_YEAR), (read.utc_or_local(), FIRST_YEAR - 1)):
        if (strange := outside(values, first_year)) is not None:
            faults.add("time_out_of_range", field, strange)
    return read


def mapped(text: pl.Series, meaning: dict[str, str | None]) -> pl.Series:
    """The column with each distinct text replaced by its meaning."""
    if not meaning:
        return text
    old = pl.Series(list(meaning), dtype=pl.String())
    new = pl.Series(list(meaning.values()), dtype=pl.String())
    return text.replace_strict(old, new, default=None, return_dtype=pl.String())


def item_codes(codes: pl.Series, kinds: pl.Series | None, faults: Faults) -> tuple[pl.Series, pl.Series | None, pl.Series | None]:
    """Item codes with their kind, and the EPC where one was given: GTINs padded to 14, SGTINs read as GTIN.

    Returns (code, kind, epc); `sku` is the default and comes out as null, a kind column that says nothing else as none.
    """
    if kinds is None:
        return codes, None, None
    faults.add("unknown_code_kind", "item_code_kind", ~kinds.is_in(["sku", "gtin", "epc", "vendor"]))
    is_gtin, is_epc = (kinds == "gtin").fill_null(False), (kinds == "epc").fill_null(False)
    epcs = None
    if is_gtin.any():
        read = mapped(codes, {code: gs1.gtin14(code) for code in codes.filter(is_gtin).drop_nulls().unique()})
        faults.add("bad_gtin", "item_code", is_gtin & codes.is_not_null() & read.is_null())
        codes = read.zip_with(is_gtin, codes)
    if is_epc.any():
        items = {code: gs1.gtin_of_epc(canonical_epc(code)) for code in codes.filter(is_epc).drop_nulls().unique()}
        read = mapped(codes, {code: item and item[0] for code, item in items.items()})
        faults.add("bad_epc", "item_code", is_epc & codes.is_not_null() & read.is_null())
        epcs = canonical_epcs(codes.set(~is_epc, None))
        codes = read.zip_with(is_epc, codes)
        kinds = kinds.set(is_epc, "gtin")
    kinds = kinds.set(kinds == "sku", None)
    return codes, (None if kinds.null_count() == len(kinds) else kinds), epcs


def location_codes(codes: pl.Series, kinds: pl.Series | None, faults: Faults) -> tuple[pl.Series, pl.Series | None]:
    """Location codes with their kind: SGLNs read as GLN. `own` is the default and comes out as null."""
    if kinds is None:
        return codes, None
    faults.add("unknown_code_kind", "location_code_kind", ~kinds.is_in(["own", "gln", "sgln"]))
    is_gln, is_sgln = (kinds == "gln").fill_null(False), (kinds == "sgln").fill_null(False)
    if is_gln.any():
        read = mapped(codes, {code: gs1.gln13(code) for code in codes.filter(is_gln).drop_nulls().unique()})
        faults.add("bad_gln", "location_code", is_gln & codes.is_not_null() & read.is_null())
    if is_sgln.any():
        places = {code: gs1.gln_of_epc(code) for code in codes.filter(is_sgln).drop_nulls().unique()}
        read = mapped(codes, {code: place and place[0] for code, place in places.items()})
        faults.add("bad_epc", "location_code", is_sgln & codes.is_not_null() & read.is_null())
        codes = read.zip_with(is_sgln, codes)
        kinds = kinds.set(is_sgln, "gln")
    kinds = kinds.set(kinds == "own", None)
    return codes, (None if kinds.null_count() == len(kinds) else kinds)


def states(text: pl.Series, field: str, known: list[str] | None, faults: Faults) -> pl.Series:
    """Stock states as bare CBV words; `known` closes the list, null leaves it open."""
    words = mapped(text, {term: gs1.bare_word(term) for term in text.drop_nulls().unique()})
    if known is not None:
        faults.add("unknown_state", field, ~words.is_in(known))
    return words
