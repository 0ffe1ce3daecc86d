"""EPCs: the many spellings of one tag are one text, its GS1 Digital Link.

A tag is spelled as pure identity (`urn:epc:id:…`), as Digital Link of any host and with any further keys, as what is written
on the tag (`urn:epc:tag:…`, with its filter), or as the bits on it (`urn:epc:raw:…`, or bare hexadecimal digits, as readers
send them). Belongs here: reading any of them. Does not belong here: the keys themselves (`gs1links.py`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

import polars as pl

from pipelines.feeds.reading.gs1links import canonical_link

_PURE: Final = ("urn:epc:id:", "http://", "https://")
_TAG: Final = re.compile(r"urn:epc:tag:([a-z]+)(?:-[0-9]+)?:[0-7]\.(\S+)")
_BEGIN: Final = re.compile(r"^(?:urn:epc:[a-z]+:(?:[a-z0-9-]+:)?|https?://)", re.IGNORECASE)
"""How a URI begins, in large letters too; in what follows they differ from small ones."""
_RAW: Final = re.compile(r"(?:urn:epc:raw:[0-9]+\.x|0[xX])?([0-9A-Fa-f]{24,60})")
_WITH_FILTER: Final = frozenset(["sgtin", "sscc", "sgln", "grai", "giai", "gdti", "gsrn", "gsrnp", "sgcn", "itip", "upui", "cpi"])

# header: scheme, digits of company prefix and reference together, bits of both together, bits of the serial, and of how many a sign of it has
_BINARY: Final[dict[int, tuple[str, int, int, int, int]]] = {
    0x30: ("sgtin", 13, 44, 38, 0), 0x36: ("sgtin", 13, 44, 140, 7), 0x31: ("sscc", 17, 58, 0, 0), 0x32: ("sgln", 12, 41, 41, 0),
    0x39: ("sgln", 12, 41, 140, 7), 0x33: ("grai", 12, 44, 38, 0), 0x37: ("grai", 12, 44, 112, 7), 0x2C: ("gdti", 12, 41, 41, 0),
    0x3E: ("gdti", 12, 41, 119, 7), 0x2D: ("gsrn", 17, 58, 0, 0), 0x2E: ("gsrnp", 17, 58, 0, 0), 0x34: ("giai", 0, 0, 82, 0), 0x38: ("giai", 0, 0, 188, 7),
}  # fmt: skip
# partition: bits and digits of the company prefix
_COMPANY: Final = ((40, 12), (37, 11), (34, 10), (30, 9), (27, 8), (24, 7), (20, 6))
_SPARE_BITS: Final = 24
"""So many bits may follow on a tag: what fills a memory's last word, or is not used."""
_IN_URN: Final = str.maketrans({sign: f"%{ord(sign):02X}" for sign in '"%&/<>?#'})

_PLAIN: Final = r"[A-Za-z0-9._-]+"
_SGTIN: Final = rf"^(urn:epc:id:sgtin:[0-9]{{6,12}}\.[0-9]{{1,7}})\.({_PLAIN})$"
_LINK: Final = rf"^https://id\.gs1\.org/01/[0-9]{{14}}/21/{_PLAIN}$"


def pure_uri(text: str) -> str:
    """The pure identity of what is written on a tag or of its bits; another text, or bits of a scheme that is not known, as it is.

    >>> pure_uri("urn:epc:tag:sgtin-96:3.0614141.812345.6789"), pure_uri("3074257BF7194E4000001A85")
    ('urn:epc:id:sgtin:0614141.812345.6789', 'urn:epc:id:sgtin:0614141.812345.6789')
    """
    text = _BEGIN.sub(lambda begin: begin.group().lower(), text)
    if text.startswith(_PURE):
        return text
    if match := _TAG.fullmatch(text):
        scheme, rest = match.groups()
        return f"urn:epc:id:{scheme}:{rest}" if scheme in _WITH_FILTER else text
    match = _RAW.fullmatch(text)
    return (match and _urn_of_bits(match.group(1))) or text


def _urn_of_bits(digits: str) -> str | None:
    """The pure identity of a tag's bits in hexadecimal; null where they are of no scheme known, or of none at all."""
    known = _BINARY.get(int(digits[:2], 16))
    if known is None:
        return None
    scheme, total_digits, both_bits, serial_bits, sign_bits = known
    value, left = int(digits, 16), 4 * len(digits) - 8

    def take(bits: int) -> int:
        nonlocal left
        left -= bits
        return value >> left & ((1 << bits) - 1) if left >= 0 else 0

    partition = take(6) & 0b111
    if partition >= len(_COMPANY):
        return None
    company_bits, company_digits = _COMPANY[partition]
    company = str(take(company_bits)).zfill(company_digits)
    parts = [company]
    if both_bits:
        reference_digits = total_digits - company_digits
        reference = take(both_bits - company_bits)
        parts.append(str(reference).zfill(reference_digits) if reference_digits else "")
        if len(parts[1]) > reference_digits:
            return None
    else:
        serial_bits -= company_bits
    if serial_bits:
        serial = take(serial_bits)
        parts.append(_signs(serial, serial_bits) if sign_bits else str(serial))
    if left < 0 or left > _SPARE_BITS or len(company) > company_digits or (not parts[-1] and scheme != "sgln"):
        return None
    return f"urn:epc:id:{scheme}:{'.'.join(parts)}"


def _signs(value: int, bits: int) -> str:
    """Text of signs of seven bits, up to the first that is 0, as a URN spells it."""
    codes = [value >> bits - 7 * place & 0x7F for place in range(1, bits // 7 + 1)]
    return "".join(chr(code) for code in codes[: codes.index(0) if 0 in codes else None]).translate(_IN_URN)


@lru_cache(maxsize=65_536)
def canonical_epc(text: str) -> str:
    """The one spelling of a tag or of a class of goods: its Digital Link with the finest level only; what is no GS1 key as it is.

    >>> canonical_epc("urn:epc:tag:sgtin-96:3.0614141.812345.6789") == canonical_epc("https://shop.example/01/80614141123458/10/L1/21/6789?17=270101")
    True
    >>> canonical_epc("urn:epc:id:sgtin:0614141.812345.32a%2fb"), canonical_epc("urn:uuid:6f1a2f0e-7d0c-4c8e-9c57-0b7a3c1d9041")
    ('https://id.gs1.org/01/80614141123458/21/32a%2Fb', 'urn:uuid:6f1a2f0e-7d0c-4c8e-9c57-0b7a3c1d9041')
    """
    uri = pure_uri(text)
    link = canonical_link(_one_escape(uri) if uri.startswith("http") else uri)
    return _one_escape(link) if link.startswith("https://id.gs1.org/") else uri


def _one_escape(link: str) -> str:
    """A link whose path escapes what must be escaped, and nothing else, in one way."""
    path, *rest = re.split(r"(?=[?#])", link, maxsplit=1)
    parts = path.split("/")
    return "/".join([*parts[:3], *(quote(unquote(part), safe="") for part in parts[3:])]) + "".join(rest)


def canonical_epcs(epcs: pl.Series) -> pl.Series:
    """The same for a column: the common ones, SGTINs of plain serials, by what their class is, all others one by one.

    >>> canonical_epcs(pl.Series(["urn:epc:id:sgtin:0614141.812345.6789", None])).to_list()
    ['https://id.gs1.org/01/80614141123458/21/6789', None]
    """
    parts = epcs.str.extract_groups(_SGTIN)
    classes, serials = parts.struct.field("1"), parts.struct.field("2")
    links = {one: canonical_epc(f"{one}.0").removesuffix("/21/0") for one in classes.drop_nulls().unique()}
    known = classes.replace_strict(list(links), list(links.values()), default=None, return_dtype=pl.String()) if links else classes
    found = known + "/21/" + serials
    others = found.is_null() & epcs.is_not_null() & ~epcs.str.contains(_LINK).fill_null(True)
    if not others.any():
        return found.fill_null(epcs).alias(epcs.name)
    single = {one: canonical_epc(one) for one in epcs.filter(others).unique()}
    rest = epcs.set(~others, None).replace_strict(list(single), list(single.values()), default=None, return_dtype=pl.String())
    return found.fill_null(rest).fill_null(epcs).alias(epcs.name)
