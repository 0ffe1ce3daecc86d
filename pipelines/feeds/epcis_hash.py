"""The identity of an EPCIS event that has no `eventID`: a hash of what it says.

It follows the idea of the event hash of the Core Business Vocabulary (what does not change the meaning does not change
the hash) in a form of our own, told apart by its version: canonical JSON, names sorted, instants in UTC milliseconds,
terms of the vocabulary as bare words, lists as sets, numbers without trailing zeros. Left out are `eventID`,
`recordTime`, `errorDeclaration` and what belongs to the document (`@context`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pipelines.feeds.gs1 import bare_word
from pipelines.feeds.jsonlines import FractionNumber, WholeNumber
from pipelines.feeds.times import read_instant

_LEFT_OUT: Final = frozenset({"eventID", "recordTime", "errorDeclaration", "@context"})
_INSTANTS: Final = frozenset({"eventTime", "time", "startTime", "endTime"})
_TERMS: Final = frozenset({"bizStep", "disposition", "type", "set", "unset"})
_VERSION: Final = "parstock1"


def event_hash(event: dict[str, Any]) -> str:
    """The event's hash as a named-information URI; the same however the event is written.

    >>> one = event_hash({"type": "ObjectEvent", "eventTime": "2026-03-08T07:30:00+01:00", "epcList": ["urn:a:1", "urn:a:2"]})
    >>> two = event_hash({"epcList": ["urn:a:2", "urn:a:1"], "eventTime": "2026-03-08T06:30:00.000Z", "type": "ObjectEvent", "eventID": "x"})
    >>> one == two, one.endswith("?ver=parstock1")
    (True, True)
    """
    said = {name: _canonical(name, value) for name, value in event.items() if name not in _LEFT_OUT and value not in (None, "", [], {})}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"ni:///sha-256;{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()}?ver={_VERSION}"


def _canonical(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _canonical(inner, each) for inner, each in value.items() if each not in (None, "", [], {})}
    if isinstance(value, list):
        # a list of an event is a set: order says nothing
        return sorted((_canonical(name, each) for each in value), key=lambda each: json.dumps(each, sort_keys=True, ensure_ascii=False))
    if isinstance(value, WholeNumber | FractionNumber):
        try:
            return format(Decimal(value).normalize(), "f") if abs(Decimal(value).adjusted()) <= 30 else str(value)
        except InvalidOperation:
            return str(value)
    if isinstance(value, str):
        text = value.strip()
        if name in _INSTANTS:
            read = read_instant(text)
            if read is not None and read[1] is not None:
                return (read[0] - timedelta(minutes=read[1])).isoformat(timespec="milliseconds") + "Z"
        return bare_word(text) if name in _TERMS else text
    return value
