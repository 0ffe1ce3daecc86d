"""GS1 keys in EPC URNs and in GS1 Digital Links: is the key well formed, and what is its one canonical link.

A URN holds no check digit but a company prefix and a reference of fixed length together; a link holds the whole key
with its check digit.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from stdnum import ean

_URN: Final = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(\S+)")
_PAIRS: Final = "|".join(f"[0-9]{{{company}}}\\.[0-9]{{{13 - company}}}" for company in range(6, 13))
_SSCC: Final = "|".join(f"[0-9]{{{company}}}\\.[0-9]{{{17 - company}}}" for company in range(6, 13))
CERTAIN: Final = rf"urn:epc:id:(?:sgtin:(?:{_PAIRS})\.[!-~]+|sscc:(?:{_SSCC}))"
"""The pattern of the tags that are met most; what it fits is well formed."""
_IS_CERTAIN: Final = re.compile(CERTAIN)
_ANY_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_COMPANY: Final = re.compile(r"[0-9]{6,12}")
_DIGITS: Final = re.compile(r"[0-9]*")

# scheme: digits of company prefix and reference together, whether a serial or extension follows, and how the link begins
_FIXED: Final[dict[str, tuple[int, bool, str]]] = {
    "sgtin": (13, True, "01"), "lgtin": (13, True, "01"), "upui": (13, True, "01"), "itip": (13, True, "8006"), "sscc": (17, False, "00"),
    "sgln": (12, True, "414"), "pgln": (12, False, "417"), "grai": (12, True, "8003"), "gdti": (12, True, "253"), "sgcn": (12, True, "255"),
    "gsrn": (17, False, "8018"), "gsrnp": (17, False, "8017"), "gsin": (16, False, "402"),
}  # fmt: skip
_FREE: Final = {"giai": "8004", "ginc": "401", "cpi": "8010"}
_QUALIFIER: Final = {"sgtin": "/21/", "lgtin": "/10/", "upui": "/235/", "sgln": "/254/"}
_INDICATOR_FIRST: Final = frozenset({"sgtin", "lgtin", "upui", "itip", "sscc"})
_ESCAPED: Final = str.maketrans({"!": "%21", "(": "%28", ")": "%29", "*": "%2A", "+": "%2B", ",": "%2C", ":": "%3A"})

_SHORT: Final = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018", "gcn": "255", "sscc": "00",
    "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004", "cpv": "22", "lot": "10", "ser": "21",
}  # fmt: skip
# key: digits with the check digit, and the place of the check digit among them
_CHECKED: Final = {
    "00": (18,), "01": (8, 12, 13, 14), "253": (13,), "255": (13,), "402": (17,), "414": (13,), "417": (13,), "8003": (14,), "8006": (14,),
    "8017": (18,), "8018": (18,),
}  # fmt: skip
_LONGER: Final = frozenset({"253", "255", "8003", "8006"})
"""Keys behind whose check digit a serial follows without a sign between."""
_PRIMARY: Final = frozenset({*_CHECKED, *_FREE.values()})
_VALUE: Final = r"[\"'\-.0-9;-?A-Z_a-z%]"
_CANONICAL: Final = re.compile(
    r"https://id\.gs1\.org/(?:00/\d{18}|01/\d{14}(?:/(?:21|10)/V{0,60}|/235/V{0,84})?|253/\d{13}V{0,51}|255/\d{13}\d{0,12}|401/V{0,90}|402/\d{17}"
    r"|414/\d{13}(?:/254/V{0,60})?|417/\d{13}|8003/\d{14}V{0,48}|8004/V{0,90}|8006/\d{18}(?:/(?:21|10)/V{0,60})?|8010/[#\-/%0-9A-Z]{0,90}(?:/8011/\d{0,12})?"
    r"|8017/\d{18}|8018/\d{18})".replace("V", _VALUE)
)


def fault_of(uri: str) -> str | None:
    """What is wrong with an identifier: `bad_epc`, `bad_check_digit`, or null. A URI of another kind passes.

    >>> fault_of("urn:epc:id:sgtin:0614141.112345.400"), fault_of("urn:epc:id:sgtin:0614141.12.400"), fault_of("400")
    (None, 'bad_epc', 'bad_epc')
    >>> fault_of("https://id.gs1.org/01/10614141123459/21/400"), fault_of("https://id.gs1.org/01/10614141123458/21/400")
    (None, 'bad_check_digit')
    """
    if uri.startswith("urn:epc:"):
        return None if _IS_CERTAIN.fullmatch(uri) else _fault_of_urn(uri)
    if uri.startswith(("http://", "https://")):
        parts = _parts_of_link(uri)
        if parts is not None and parts[0] in _CHECKED:
            return _fault_of_key(*parts[:2])
    return None if _ANY_URI.fullmatch(uri) else "bad_epc"


known_fault_of: Final = lru_cache(maxsize=16_384)(fault_of)
"""The same for places, parties and classes, of which few are met again and again."""


def _fault_of_urn(urn: str) -> str | None:
    match = _URN.fullmatch(urn)
    if match is None:
        return "bad_epc"
    form, scheme, value = match.groups()
    if scheme not in _FIXED and scheme not in _FREE:
        return None
    company, *rest = value.split(".")
    if not _COMPANY.fullmatch(company) or not rest:
        return "bad_epc"
    if scheme in _FREE or (form == "idpat" and rest[0] == "*"):
        return None if rest[0] else "bad_epc"
    digits, has_more, _ = _FIXED[scheme]
    if not _DIGITS.fullmatch(rest[0]) or len(company) + len(rest[0]) != digits:
        return "bad_epc"
    return "bad_epc" if (has_more and not ".".join(rest[1:])) or (not has_more and len(rest) > 1) else None


def _fault_of_key(key: str, value: str) -> str | None:
    lengths = _CHECKED[key]
    digits = value[: lengths[0]] if key in _LONGER else value
    if len(digits) not in lengths or not (digits.isascii() and digits.isdigit()):
        return "bad_epc"
    return None if ean.calc_check_digit(digits[:-1]) == digits[-1] and digits.strip("0") else "bad_check_digit"


def canonical_link(uri: str) -> str:
    """The one GS1 Digital Link of a key, with the finest level of identification only; another text as it is.

    >>> canonical_link("urn:epc:id:sgtin:0614141.112345.400")
    'https://id.gs1.org/01/10614141123459/21/400'
    >>> canonical_link("https://shop.example.com/some/gtin/614141123452/lot/A/ser/400?exp=260101")
    'https://id.gs1.org/01/00614141123452/21/400'
    >>> canonical_link("https://example.com/po/17")
    'https://example.com/po/17'
    """
    link = None
    if uri.startswith("urn:epc:"):
        link = _link_of_urn(uri)
    elif uri.startswith(("http://", "https://")):
        link = _link_of_link(uri)
    return link or uri


def _link_of_urn(urn: str) -> str | None:
    match = _URN.fullmatch(urn)
    if match is None or fault_of(urn) is not None:
        return None
    form, scheme, value = match.groups()
    company, reference, *rest = value.split(".")
    more = "" if form == "idpat" else ".".join(rest).translate(_ESCAPED)
    if scheme in _FREE:
        tail = reference if scheme == "cpi" else ".".join((reference, *rest))
        link = f"https://id.gs1.org/{_FREE[scheme]}/{company}{tail.translate(_ESCAPED)}"
        return link + (f"/8011/{more}" if scheme == "cpi" and more else "")
    if scheme not in _FIXED:
        return None
    key = _FIXED[scheme][2]
    body = reference[:1] + company + reference[1:] if scheme in _INDICATOR_FIRST else company + reference
    if scheme == "grai":
        body = "0" + body
    if not body.isdigit():
        return None
    link = f"https://id.gs1.org/{key}/{_with_check_digit(body)}"
    if scheme == "itip":
        piece, total, *serial = rest
        return f"{link}{piece}{total}" + ("" if form == "idpat" else "/21/" + ".".join(serial).translate(_ESCAPED))
    if not more or (scheme == "sgln" and more == "0"):
        return link
    return link + _QUALIFIER.get(scheme, "") + more


@lru_cache(maxsize=65_536)
def _with_check_digit(body: str) -> str:
    return body + str(ean.calc_check_digit(body))


def _parts_of_link(uri: str) -> tuple[str, str, list[str]] | None:
    """Key, value and the path behind them of a Digital Link; null when it is none."""
    path = re.split(r"[?#]", uri, maxsplit=1)[0].split("/")[3:]
    for place, part in enumerate(path[:-1]):
        key = _SHORT.get(part, part)
        if key in _PRIMARY and path[place + 1]:
            if key in _CHECKED and not path[place + 1][0].isdigit():
                continue
            return key, path[place + 1], path[place + 2 :]
    return None


def _link_of_link(uri: str) -> str | None:
    parts = _parts_of_link(uri)
    if parts is None:
        return None
    key, value, rest = parts
    qualifiers = {_SHORT.get(name, name): text for name, text in zip(rest[::2], rest[1::2], strict=False) if text}
    if key == "01" and len(value) in (8, 12, 13):
        value = value.zfill(14)
    wanted = {"01": ("21", "10", "235"), "8006": ("21", "10"), "414": ("254",), "8010": ("8011",)}.get(key, ())
    chosen = next((name for name in wanted if name in qualifiers), None)
    link = f"https://id.gs1.org/{key}/{value}" + (f"/{chosen}/{qualifiers[chosen]}" if chosen else "")
    return link if _CANONICAL.fullmatch(link) else None
