"""The lot and the expiry of what an event is about: of its master data (`ilmd`), else of the keys of its tags and classes.

An event has one lot and one expiry in its row: what all that says one agrees on. Goods by class keep the lot of their class
beside it (`owner.apply.explode`).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from urllib.parse import unquote

from pipelines.feeds.epcis.vocabulary import EPC_LISTS, QUANTITY_LISTS
from pipelines.feeds.reading.jsonlines import WholeNumber

_LOT_NAMES: Final = frozenset({"lotNumber", "hasBatchLotNumber"})
_EXPIRY_NAMES: Final = frozenset({"itemExpirationDate", "expirationDate"})
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})(?:T\S*|Z|[+-][0-9]{2}:[0-9]{2})?")
_SIX: Final = re.compile(r"[0-9]{6}")
_LGTIN: Final = re.compile(r"urn:epc:class:lgtin:[0-9]+\.[0-9]+\.(.+)")
_LINK_LOT: Final = re.compile(r"https?://[^?#]*/(?:01|gtin)/[0-9]+(?:/[^?#]*?)?/(?:10|lot)/([^/?#]+)")
_LINK_EXPIRY: Final = re.compile(r"https?://[^#]*[?&;](?:17|exp)=([0-9]{6})(?:[&;#]|$)")


def lot_and_expiry(event: dict[str, Any]) -> tuple[str | None, str | None]:
    """Lot and day of expiry (ISO) of an event in its inner form; null where it says none, or more than one.

    >>> lot_and_expiry({"ilmd": {"{urn:epcglobal:cbv:mda}lotNumber": "A123", "{urn:epcglobal:cbv:mda}itemExpirationDate": "2025-03-27"}})
    ('A123', '2025-03-27')
    >>> lot_and_expiry({"epcList": ["https://id.gs1.org/01/03600529000016/10/L1/21/7?17=270200"]})
    ('L1', '2027-02-28')
    >>> lot_and_expiry({"quantityList": [{"epcClass": "urn:epc:class:lgtin:3600529.000001.L1"}, {"epcClass": "urn:epc:idpat:sgtin:3600529.000002.*"}]})
    (None, None)
    """
    ilmd = event.get("ilmd", {})
    uris = list(_uris(event))
    # a lot in a key is that one's alone; of lots that differ one may say its day in its key, the others not
    lots: set[str | None] = {*_said(ilmd, _LOT_NAMES)} or {_lot_of(uri) for uri in uris}
    days = {*map(_day_of, _said(ilmd, _EXPIRY_NAMES))} - {None} or {_expiry_of(uri) for uri in uris} - {None}
    return _only(lots), _only(days)


def _only(values: set[str | None]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None


def _uris(event: dict[str, Any]) -> Iterator[str]:
    for name in EPC_LISTS:
        yield from event.get(name, ())
    for name in QUANTITY_LISTS:
        for element in event.get(name, ()):
            yield element["epcClass"]


def _said(ilmd: dict[str, Any], names: frozenset[str]) -> Iterator[str]:
    """Texts of the fields of these names, whatever their namespace."""
    for name, value in ilmd.items():
        if re.split(r"[}/#:]", name)[-1] in names:
            for one in value if isinstance(value, list) else [value]:
                text = one.get("#text") if isinstance(one, dict) else one
                if isinstance(text, str | WholeNumber) and str(text).strip():
                    yield str(text).strip()


def _lot_of(uri: str) -> str | None:
    match = _LGTIN.fullmatch(uri) or _LINK_LOT.match(uri)
    return unquote(match.group(1)) if match else None


def _expiry_of(uri: str) -> str | None:
    """The day of AI 17 (YYMMDD) of a link; day 00 is the last of its month."""
    match = _LINK_EXPIRY.match(uri)
    return _day_of_six(match.group(1)) if match else None


def _day_of_six(digits: str) -> str | None:
    year, month, day = (int(digits[place : place + 2]) for place in (0, 2, 4))
    year += 2000 if year < 76 else 1900
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, day or last).isoformat() if day <= last else None


def _day_of(text: str) -> str | None:
    """The day of a date or time as written, whatever its zone, or in digits as on a label; null where it is none."""
    if _SIX.fullmatch(text):
        return _day_of_six(text)
    match = _DATE.fullmatch(text)
    try:
        return date.fromisoformat(match.group(1)).isoformat() if match else None
    except ValueError:
        return None
