"""What an EPCIS file is, and where its events are: an `EPCISDocument`, an `EPCISQueryDocument`, a list, one event.

A document that declares its `@context` is held to what the standard requires of it; one without is taken as a plain
envelope.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from operator import methodcaller
from typing import Any, Final

import msgspec
import orjson

from pipelines.feeds.epcis.jsonform import Prefixes, type_of
from pipelines.feeds.epcis.names import KNOWN_PREFIXES, prefixes_of
from pipelines.feeds.epcis.vocabulary import TYPES
from pipelines.feeds.reading.jsonlines import FractionNumber, WholeNumber
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.reading.strangers import stranger_title

_DOCUMENTS: Final = ("EPCISDocument", "EPCISQueryDocument")


class Doubled(dict[str, Any]):
    """An object that names a field twice: only what holds it is refused, not the whole document."""

    field = ""


def _noting_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    seen: set[str] = set()
    doubled = Doubled(fields)
    doubled.field = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return doubled


def _not_finite(constant: str) -> Any:
    raise Refused("not_finite", value=constant)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_noting_doubles, parse_float=FractionNumber, parse_int=WholeNumber, parse_constant=_not_finite
)


def decode_document(content: bytes) -> Any:
    """The JSON value of a whole file, numbers as text, objects that name a field twice as `Doubled`; raises Refused."""
    try:
        return _DECODER.decode(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused("not_utf8") from error
    except RecursionError as error:
        raise Refused("too_deep") from error
    except ValueError as error:
        raise Refused("control_character" if "control character" in str(error) else "not_json") from error


_XML_ROOT: Final = re.compile(rb"<(?:[\w.-]+:)?(\w+)[\s/>]")
"""The first element of an XML document, whatever its prefix."""
_STEPS: Final = frozenset({"epcisBody", "queryResults", "resultsBody"})
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])

count_names: Final[Callable[[bytes], int]] = methodcaller("count", b'":')
"""How many names the bytes of plain JSON hold, if no text in them spells a quote out."""


def open_document(content: bytes) -> tuple[Any, list[bytes]] | None:
    """The JSON value of a whole file with the events of its list still as bytes, each to be decoded by itself; and those.

    Null when the file must be decoded as one, with more care: it is no JSON, or its events stand elsewhere. Whether a
    field around the events is named twice is for `is_told_once` to say.
    """
    try:
        if not content.isascii():
            content.decode("utf-8")
        events: list[bytes] = []
        document = _opened(content.strip(b" \t\r\n"), events)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return (document, events) if events else None


def is_told_once(content: bytes, document: Any, events: list[bytes], names: int) -> bool:
    """Whether surely no field around the events of an opened document is named twice; `names` are those that all its events hold."""
    if b"\\" in content and content.count(b"\\") != sum(event.count(b"\\") for event in events):
        return False
    return count_names(content) - names == names_in(document)


def _opened(content: bytes | msgspec.Raw, events: list[bytes]) -> Any:
    """A list's elements as bytes; of an object, what leads to its events opened likewise and all else decoded."""
    if bytes(memoryview(content)[:1]) == b"[":
        if events:
            raise ValueError("two lists of events")
        events += map(bytes, _ELEMENTS.decode(content))
        return events
    fields: dict[str, Any] = {}
    for name, raw in _FIELDS.decode(content).items():
        first = bytes(memoryview(raw)[:1])
        leads_on = (name in _STEPS and first == b"{") or (name == "eventList" and first == b"[")
        fields[name] = _opened(raw, events) if leads_on else orjson.loads(memoryview(raw))
    return fields


def names_in(value: Any) -> int:
    """How many fields all objects of a value have; of a list that begins with a text none are looked for."""
    kind = type(value)
    if kind is dict:
        names = len(value)
        for inner in value.values():
            kind = type(inner)
            if kind is dict or (kind is list and inner and type(inner[0]) not in (str, bytes)):
                names += names_in(inner)
        return names
    return sum(map(names_in, value)) if kind is list and value and type(value[0]) not in (str, bytes) else 0


def events_of(document: Any) -> tuple[list[Any], str, Prefixes]:
    """The events of a JSON value, the path before each, and the prefixes declared. Raises Refused when it is no EPCIS."""
    if isinstance(document, list):
        return document, "", KNOWN_PREFIXES
    if not isinstance(document, dict):
        raise Refused("unknown_document")
    types = type_of(document)
    if not any(one in _DOCUMENTS for one in types):
        if any(one in TYPES for one in types) or ("eventTime" in document and types):
            return [document], "-", KNOWN_PREFIXES
        title = stranger_title(document)
        if title is not None:
            raise Refused("unusable_document", title)
        raise Refused("unknown_document", "type", types[0] if types else None)
    events, path = _list_of(document, types)
    if "@context" in document:
        is_query = "EPCISQueryDocument" in types
        for name in ("schemaVersion", "creationDate"):
            stated = document.get(name)
            if type(stated) is not str and not (is_query and stated is None):
                raise Refused("bad_document", name, None if stated is None else str(stated))
    return events, path, prefixes_of(document.get("@context"))


def _list_of(document: dict[str, Any], types: list[str]) -> tuple[list[Any], str]:
    _not_doubled(document, "")
    value: Any = document
    path = ""
    steps = ("epcisBody", "queryResults", "resultsBody") if "EPCISQueryDocument" in types else ("epcisBody",)
    for step in steps:
        value, path = value.get(step), f"{path}{step}."
        if not isinstance(value, dict):
            raise Refused("bad_document", path[:-1])
        _not_doubled(value, path)
    events = value.get("eventList")
    if events is None and isinstance(value.get("event"), dict):
        events = [value["event"]]
    if not isinstance(events, list):
        raise Refused("bad_document", f"{path}eventList")
    header = document.get("epcisHeader")
    if not events and isinstance(header, dict) and header.get("epcisMasterData"):
        raise Refused("master_data", "epcisHeader.epcisMasterData")
    return events, f"{path}eventList"


def _not_doubled(value: Any, path: str) -> None:
    if isinstance(value, Doubled):
        raise Refused("duplicate_key", f"{path}{value.field}"[:64])


def list_path(content: bytes) -> str:
    """Where the events of an XML document stand, as JSON would say it; `-` where the document is an event."""
    root = _XML_ROOT.search(content)
    if root is not None and root.group(1).decode() in TYPES:
        return "-"
    return "epcisBody.eventList" if b"QueryResults" not in content[: 1 << 14] else "epcisBody.queryResults.resultsBody.eventList"


def check_doubled(value: Any, path: str = "") -> None:
    """Refuse a value in which an object names a field twice, at any depth."""
    if isinstance(value, dict):
        _not_doubled(value, path)
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                check_doubled(inner, f"{path}{name}.")
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                check_doubled(inner, path)
