"""GS1 keys and EPCIS events, as far as the books need them.

Belongs here: check digits, SGTIN → GTIN-14, SGLN → GLN, the fields of an EPCIS event. Does not belong here: posting.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

_SGTIN = re.compile(r"urn:epc:id:sgtin:(\d{6,12})\.(\d{1,7})\.([!-~]{1,20})")
_SGLN = re.compile(r"urn:epc:id:sgln:(\d{6,12})\.(\d{0,6})\.([!-~]{1,20})")


def check_digit(digits: str) -> str:
    """The GS1 check digit of the digits before it.

    >>> check_digit("1061414112345")
    '9'
    """
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def is_gtin(code: str) -> bool:
    """8, 12, 13 or 14 digits of which the last is right."""
    return code.isascii() and code.isdigit() and len(code) in (8, 12, 13, 14) and check_digit(code[:-1]) == code[-1]


def is_gln(code: str) -> bool:
    """13 digits of which the last is right."""
    return code.isascii() and code.isdigit() and len(code) == 13 and check_digit(code[:-1]) == code[-1]


def gtin_of(epc: str) -> str | None:
    """The GTIN-14 of an SGTIN, or None.

    >>> gtin_of("urn:epc:id:sgtin:0614141.112345.400")
    '10614141123459'
    """
    match = _SGTIN.fullmatch(epc)
    if not match or len(match[1]) + len(match[2]) != 13:
        return None
    digits = match[2][0] + match[1] + match[2][1:]
    return digits + check_digit(digits)


def gln_of(epc: str) -> str | None:
    """The GLN of an SGLN, or None.

    >>> gln_of("urn:epc:id:sgln:3012345.00002.0")
    '3012345000024'
    """
    match = _SGLN.fullmatch(epc)
    if not match or len(match[1]) + len(match[2]) != 12:
        return None
    return match[1] + match[2] + check_digit(match[1] + match[2])


def events(value: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The events of one line: a document, a list of events, or one event. EPCs are joined by spaces."""
    if "epcisBody" in value:
        found = value["epcisBody"].get("eventList", [])
    elif "eventList" in value:
        found = value["eventList"]
    else:
        found = [value]
    for event in found:
        place = (event.get("bizLocation") or event.get("readPoint") or {}).get("id")
        document = _document(event.get("bizTransactionList") or [])
        fields = {
            "event_kind": event.get("type"),
            "occurred_at": event.get("eventTime"),
            "source_event_id": event.get("eventID") or hashlib.sha256(json.dumps(event, sort_keys=True, default=str).encode()).hexdigest(),
            "action": event.get("action"),
            "biz_step": event.get("bizStep"),
            "stock_state": event.get("disposition"),
            "location_code": place,
            "location_code_kind": "sgln" if place else None,
            "epcs": " ".join(event.get("epcList") or event.get("childEPCs") or []),
            "document_kind": document[0],
            "document_id": document[1],
            # an error declaration comes under the number of the event that it takes back
            "source_revision": "1" if "errorDeclaration" in event else None,
        }
        yield {name: text for name, text in fields.items() if text}


def _document(transactions: list[dict[str, str]]) -> tuple[str | None, str | None]:
    """The notice among the transactions, else the order; numbers are plain in the random world."""
    named = {entry.get("type"): entry.get("bizTransaction") for entry in transactions}
    for kind, ours in (("desadv", "asn"), ("po", "po")):
        if kind in named:
            return ours, named[kind]
    return None, None
