"""The identity of an EPCIS event that has no `eventID`: the event hash of the Core Business Vocabulary 2.0.

The pre-hash string has the fields in the standard's order, lists sorted, instants in UTC with milliseconds, terms of the
vocabulary as web addresses, GS1 keys as canonical Digital Links, numbers without trailing zeros; then come the
extensions as `{namespace}local=text`, sorted. Left out are `eventID`, `recordTime`, `errorDeclaration` and comments.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from pipelines.feeds.epcis.jsonform import number_text
from pipelines.feeds.epcis.names import closed
from pipelines.feeds.epcis.vocabulary import EPC_LISTS, QUANTITY_LISTS, STANDARD, TYPED_LISTS, WEB_TERM
from pipelines.feeds.reading.gs1links import canonical_link
from pipelines.feeds.reading.times import read_instant

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_URN_TERMS: Final = (
    ("urn:epcglobal:cbv:bizstep:", WEB_TERM["bizStep"]), ("urn:epcglobal:cbv:disp:", WEB_TERM["disposition"]),
    ("urn:epcglobal:cbv:btt:", WEB_TERM["bizTransactionList"]), ("urn:epcglobal:cbv:sdt:", WEB_TERM["sourceList"]),
    ("urn:epcglobal:cbv:er:", WEB_TERM["reason"]),
)  # fmt: skip
_ORDER: Final = (
    "eventTime", "eventTimeZoneOffset", "certificationInfo", "parentID", "epcList", "inputEPCList", "childEPCs", "quantityList", "childQuantityList",
    "inputQuantityList", "outputEPCList", "outputQuantityList", "action", "transformationID", "bizStep", "disposition", "persistentDisposition",
    "readPoint", "bizLocation", "sensorElementList",
)  # fmt: skip
_METADATA: Final = ("time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_REPORT: Final = (
    "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time", "microorganism", "chemicalSubstance", "value",
    "component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue",
    "uom", "coordinateReferenceSystem",
)  # fmt: skip
_TIMES: Final = frozenset({"eventTime", "time", "startTime", "endTime"})
_ELEMENT: Final = ("epcClass", "quantity", "uom")
_TERM_OF: Final = {"bizStep": "bizStep", "disposition": "disposition", "set": "disposition", "unset": "disposition"}
_TERM_OF_REPORT: Final = {"type": "measurement", "exception": "measurement", "component": "component"}
_COMMENTS: Final = frozenset({"comment", "{http://www.w3.org/2000/01/rdf-schema#}comment", "rdfs:comment"})
_LEFT_OUT: Final = STANDARD - {*TYPED_LISTS, "ilmd"} | _COMMENTS


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """How values stand in the pre-hash string.

    `before_word` is what comes before a bare word of a field, `canonical` how any other text is written;
    `is_type_first` says whether the type of a business transaction, source or destination comes before its value.
    """

    before_word: dict[str, str]
    canonical: Callable[[str], str]
    is_type_first: bool


def event_hash(event: dict[str, Any], form: Form | None = None) -> str:
    """The hash of an event in its inner form, as a named-information URI; the same however the event is written.

    `form` is the published standard's unless said otherwise.

    >>> one = event_hash({"type": "ObjectEvent", "eventTime": "2026-03-08T07:30:00+01:00", "epcList": ["urn:a:1", "urn:a:2"]})
    >>> two = event_hash({"epcList": ["urn:a:2", "urn:a:1"], "eventTime": "2026-03-08T06:30:00.000Z", "type": "ObjectEvent", "eventID": "x"})
    >>> one == two, one.endswith("?ver=CBV2.0")
    (True, True)
    """
    digest = hashlib.sha256(pre_hash(event, form).encode("utf-8", "backslashreplace")).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def pre_hash(event: dict[str, Any], form: Form | None = None) -> str:
    """The text that is hashed."""
    writer = _Writer(form or PUBLISHED)
    parts = [f"eventType={event['type']}"]
    parts += [writer.field(name, event[name]) for name in _ORDER if name in event]
    rest = [writer.rest(name, value) for name, value in event.items() if name not in _LEFT_OUT]
    return "".join(parts + sorted(rest))


class _Writer:
    """The parts of a pre-hash string in one form."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._canonical = form.canonical

    def field(self, name: str, value: Any) -> str:
        if name in EPC_LISTS:
            return name + "".join(sorted(f"epc={self._canonical(epc)}" for epc in value))
        if name in QUANTITY_LISTS:
            return name + "".join(sorted("quantityElement" + self._in_order(element, _ELEMENT) for element in value))
        if name == "persistentDisposition":
            terms = [(which, term) for which in ("set", "unset") for term in value.get(which, ())]
            return name + "".join(sorted(self._said(which, term) for which, term in terms))
        if name == "sensorElementList":
            return name + "".join(sorted(map(self._sensor, value)))
        if isinstance(value, dict):
            return name + self._in_order(value, ("id",))
        if isinstance(value, list):
            return "".join(sorted(self._said(name, each) for each in value))
        return self._said(name, value)

    def rest(self, name: str, value: Any) -> str:
        if name in TYPED_LISTS:
            return name + "".join(sorted(self._typed(entry, name, TYPED_LISTS[name]) for entry in value))
        return self._extension(name, value)

    def _in_order(self, fields: dict[str, Any], order: tuple[str, ...]) -> str:
        """The fields in their order, then the extensions beside them."""
        known = [self._said(name, fields[name], is_report=order is _REPORT) for name in order if name in fields]
        return "".join(known) + "".join(sorted(self._extension(name, value) for name, value in fields.items() if name not in order))

    def _sensor(self, element: dict[str, Any]) -> str:
        parts = ["sensorElement"]
        if "sensorMetadata" in element:
            parts.append("sensorMetadata" + self._in_order(element["sensorMetadata"], _METADATA))
        parts += sorted("sensorReport" + self._in_order(report, _REPORT) for report in element.get("sensorReport", ()))
        parts += sorted(self._extension(name, value) for name, value in element.items() if name not in ("sensorMetadata", "sensorReport"))
        return "".join(parts)

    def _typed(self, entry: dict[str, Any], of_list: str, inner: str) -> str:
        kind = f"type={self._term(of_list, entry['type'])}" if "type" in entry else ""
        value = f"{inner}={self._canonical(entry[inner])}"
        return kind + value if self._form.is_type_first else value + kind

    def _said(self, name: str, value: Any, is_report: bool = False) -> str:
        if type(value) is not str:
            return self._extension(name, value)
        if name in _TIMES:
            return f"{name}={_instant(value)}"
        field = _TERM_OF_REPORT.get(name) if is_report else _TERM_OF.get(name)
        return f"{name}={self._canonical(value if field is None else self._term(field, value))}"

    def _term(self, field: str, term: str) -> str:
        return term if ":" in term else self._form.before_word[field] + term

    def _extension(self, name: str, value: Any) -> str:
        if name in _COMMENTS:
            return ""
        name = closed(name)
        if isinstance(value, list):
            return "".join(sorted(self._extension(name, each) for each in value))
        if isinstance(value, dict):
            text = f"={self._canonical(value['#text'])}" if "#text" in value else ""
            return name + text + "".join(sorted(self._extension(inner, each) for inner, each in value.items() if inner != "#text"))
        return f"{name}={self._canonical(value)}"


def _instant(text: str) -> str:
    read = read_instant(text.strip())
    if read is None or read[1] is None:
        return text
    instant = read[0] - timedelta(minutes=read[1]) + timedelta(microseconds=500)
    return instant.isoformat(timespec="milliseconds") + "Z"


def canonical(text: str) -> str:
    """A value as it stands in the pre-hash string.

    >>> canonical("26.0"), canonical("urn:epcglobal:cbv:bizstep:receiving"), canonical("urn:epc:id:sgln:4012345.00005.0")
    ('26', 'https://ref.gs1.org/cbv/BizStep-receiving', 'https://id.gs1.org/414/4012345000054')
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return number_text(text)
    if text.startswith("urn:epcglobal:cbv:"):
        for urn, address in _URN_TERMS:
            if text.startswith(urn):
                return address + text[len(urn) :]
    return canonical_link(text)


PUBLISHED: Final = Form(before_word=WEB_TERM, canonical=canonical, is_type_first=True)
"""The form of the published standard."""
