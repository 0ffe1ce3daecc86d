"""GS1 keys: GTIN, GLN, and the EPCs that carry them. Check digits by python-stdnum."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from stdnum import ean

_SGTIN: Final = re.compile(r"urn:epc:id:sgtin:([0-9]{6,12})\.([0-9]{1,7})\.(.+)")
_SGTIN_PATTERN: Final = re.compile(r"urn:epc:(?:idpat:sgtin|class:lgtin):([0-9]{6,12})\.([0-9]{1,7})\.(.+)")
_SGLN: Final = re.compile(r"urn:epc:id:sgln:([0-9]{6,12})\.([0-9]{0,6})\.(.+)")
_PGLN: Final = re.compile(r"urn:epc:id:pgln:([0-9]{6,12})\.([0-9]{0,6})")
_LINK: Final = re.compile(r"https?://[^/]+(?:/[^?#]*?)?/(01|gtin|414|gln|417)/([0-9]{8,14})(?:/|$|\?)")
_LINK_SERIAL: Final = re.compile(r"/(?:21|ser)/([^/?#]+)")
_GDTI: Final = re.compile(r"urn:epc:id:gdti:[0-9]{6,12}\.[0-9]{0,6}\.(.+)")
_CBV_TRANSACTION: Final = re.compile(r"urn:epcglobal:cbv:bt:[^:]+:(.+)")
_CBV_WEB: Final = re.compile(r"https?://(?:ref\.|ns\.)?gs1\.org/(?:cbv|voc)/(?:BizStep|Bizstep|Disp|BTT|SDT|ER)-(\w+)")
GTIN_LENGTHS: Final = (8, 12, 13, 14)


@lru_cache(maxsize=65_536)
def gtin14(code: str) -> str | None:
    """A GTIN of 8, 12, 13 or 14 digits padded to 14; null when it is none or its check digit is wrong.

    >>> gtin14("3600529000030"), gtin14("3600529000031"), gtin14("12")
    ('03600529000030', None, None)
    """
    if len(code) not in GTIN_LENGTHS or not (code.isascii() and code.isdigit()):
        return None
    padded = code.zfill(14)
    return padded if ean.calc_check_digit(padded[:-1]) == padded[-1] and padded.strip("0") else None


@lru_cache(maxsize=16_384)
def gln13(code: str) -> str | None:
    """A GLN of 13 digits; null when it is none or its check digit is wrong.

    >>> gln13("3012345000024"), gln13("3012345000025")
    ('3012345000024', None)
    """
    if len(code) != 13 or not (code.isascii() and code.isdigit()):
        return None
    return code if ean.calc_check_digit(code[:-1]) == code[-1] and code.strip("0") else None


def gtin_of_epc(epc: str) -> tuple[str, str | None] | None:
    """GTIN-14 and serial of an SGTIN, as URN or GS1 Digital Link; null when the EPC names no trade item.

    The indicator digit is kept, the check digit computed. A pattern or lot class has no serial.

    >>> gtin_of_epc("urn:epc:id:sgtin:0614141.112345.400")
    ('10614141123459', '400')
    >>> gtin_of_epc("https://id.gs1.org/01/10614141123459/21/400")
    ('10614141123459', '400')
    >>> gtin_of_epc("urn:epc:id:sscc:0614141.1234567890") is None
    True
    """
    match = _SGTIN.fullmatch(epc)
    if match or (match := _SGTIN_PATTERN.fullmatch(epc)):
        company, indicator_and_item, serial = match.groups()
        if len(company) + len(indicator_and_item) != 13:
            return None
        body = indicator_and_item[0] + company + indicator_and_item[1:]
        return body + ean.calc_check_digit(body), (serial if epc.startswith("urn:epc:id:") else None)
    link = _LINK.search(epc)
    if link and link.group(1) in ("01", "gtin"):
        gtin = gtin14(link.group(2))
        serial_part = _LINK_SERIAL.search(epc)
        return (gtin, serial_part.group(1) if serial_part else None) if gtin else None
    return None


def gln_of_epc(epc: str) -> tuple[str, str | None] | None:
    """GLN and extension of an SGLN, as URN or GS1 Digital Link; null when it names no location. Extension 0 is none.

    >>> gln_of_epc("urn:epc:id:sgln:3012345.00002.0")
    ('3012345000024', None)
    >>> gln_of_epc("https://id.gs1.org/414/3012345000024/254/A7")
    ('3012345000024', 'A7')
    """
    match = _SGLN.fullmatch(epc)
    if match:
        company, reference, extension = match.groups()
        if len(company) + len(reference) != 12:
            return None
        body = company + reference
        return body + ean.calc_check_digit(body), (None if extension == "0" else extension)
    if match := _PGLN.fullmatch(epc):
        company, reference = match.groups()
        body = company + reference
        return (body + ean.calc_check_digit(body), None) if len(body) == 12 else None
    link = _LINK.search(epc)
    if link and link.group(1) in ("414", "gln"):
        gln = gln13(link.group(2))
        extension_part = re.search(r"/254/([^/?#]+)", epc)
        return (gln, extension_part.group(1) if extension_part else None) if gln else None
    return None


def document_number(transaction: str) -> str:
    """The sender's own number in a CBV business transaction; whatever has another form is a number itself.

    >>> document_number("urn:epcglobal:cbv:bt:3012345000017:ASN-7"), document_number("urn:epc:id:gdti:3012345.00001.PO-7"), document_number("A7")
    ('ASN-7', 'PO-7', 'A7')
    """
    match = _CBV_TRANSACTION.fullmatch(transaction) or _GDTI.fullmatch(transaction)
    return unquote(match.group(1)) if match else transaction


def bare_word(term: str) -> str:
    """A CBV term without its vocabulary prefix, URN or web form.

    >>> bare_word("urn:epcglobal:cbv:disp:in_progress"), bare_word("https://ref.gs1.org/cbv/BizStep-receiving")
    ('in_progress', 'receiving')
    """
    if term.startswith("urn:epcglobal:cbv:"):
        return term.rsplit(":", 1)[-1]
    if match := _CBV_WEB.fullmatch(term):
        return match.group(1)
    return term.removeprefix("cbv:").split("-", 1)[-1] if term.startswith("cbv:") else term
