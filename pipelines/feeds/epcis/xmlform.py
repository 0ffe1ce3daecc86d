"""EPCIS 1.2 and 2.0 in XML to the same inner form as JSON, event by event while the document is read.

Safe by construction: nothing is fetched, a document type that declares anything is refused, and so is an entity; depth
is limited. A bare `<!DOCTYPE x>` declares nothing and passes. The `extension` and `baseExtension` wrappers of EPCIS 1.2
are taken off. Header and master data are passed over, and named in the notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from xml.parsers import expat

from pipelines.feeds.epcis.jsonform import expanded, is_nothing, number_text
from pipelines.feeds.epcis.names import KNOWN_PREFIXES
from pipelines.feeds.epcis.vocabulary import (
    EPC_LISTS,
    PLACES,
    QUANTITY_LISTS,
    SENSOR_NUMBERS,
    TYPED_LISTS,
    TYPES,
    bare,
    bare_measure,
)
from pipelines.feeds.jsonlines import MAX_DEPTH
from pipelines.feeds.rows import Refused

_ROOTS: Final = ("EPCISDocument", "EPCISQueryDocument", "QueryResults")
_WRAPPERS: Final = frozenset({"extension", "baseExtension"})
_PASSED_OVER: Final = frozenset({"EPCISHeader", "VocabularyList", "EPCISMasterData"})
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_NUMERIC: Final = frozenset(
    {"integer", "int", "long", "short", "byte", "decimal", "double", "float", "nonNegativeInteger", "positiveInteger"}
)
_ARE_MEASURES: Final = frozenset({"type", "exception", "component"})
_STEP: Final = 1 << 20


class Element:
    """One element: its name (`{namespace}local`), its attributes, its text and its children."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.text = ""
        self.children: list[Element] = []


class _Reader:
    """What expat tells, kept as elements; each event is handed on when it ends and forgotten."""

    def __init__(self) -> None:
        self.prefixes = dict(KNOWN_PREFIXES)
        self.events: list[Element] = []
        self.notes: set[str] = set()
        self.root: str | None = None
        self.has_list = self.has_master_data = False
        self._path: list[str] = []
        self._open: list[Element] = []
        self._skipped = 0
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator="}")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = parser.ElementDeclHandler = parser.AttlistDeclHandler = _refuse
        parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = _refuse
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser

    def feed(self, part: bytes, is_last: bool = False) -> None:
        try:
            self._parser.Parse(part, is_last)
        except expat.ExpatError as error:
            raise Refused("not_xml", f"line {error.lineno}, {expat.ErrorString(error.code)}") from error

    def _doctype(self, name: str, system_id: str | None, public_id: str | None, has_internal_subset: int) -> None:
        if system_id is not None or public_id is not None or has_internal_subset:
            raise Refused("unsafe_xml", "DOCTYPE", name[:60])

    def _namespace(self, prefix: str | None, address: str) -> None:
        if prefix and prefix not in ("urn", "http", "https"):
            self.prefixes[prefix] = address

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        full = _clark(name)
        local = full.rsplit("}", 1)[-1]
        self._path.append(local)
        if len(self._path) > MAX_DEPTH:
            raise Refused("too_deep", "/".join(self._path[:6]))
        if len(self._path) == 1:
            self.root = local
            if local == "EPCISMasterDataDocument":
                raise Refused("master_data")
            if local not in _ROOTS:
                raise Refused("unknown_document", local[:60])
        self.has_master_data |= local == "VocabularyList"
        if self._skipped or (not self._open and local in _PASSED_OVER):
            if not self._skipped:
                self.notes.add(local)
            self._skipped += 1
        elif self._open or self.in_list():
            self._open.append(Element(full, {_clark(key): value for key, value in attributes.items()}))
        elif local == "EventList":
            self.has_list = True

    def in_list(self) -> bool:
        """Whether the element just begun stands in an event list: an event, or the wrapper around one."""
        above = self._path[:-1]
        return "EventList" in above and self._path[-1] not in _WRAPPERS

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._skipped:
            self._skipped -= 1
            return
        if not self._open:
            return
        element = self._open.pop()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.events.append(element)

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text


def _refuse(*_: Any) -> Any:
    raise Refused("unsafe_xml", "entity")


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def read_xml(content: bytes, notes: set[str]) -> Iterator[tuple[Element, dict[str, str]]]:
    """The events of a document with the prefixes it declares, while it is read.

    Names of what was passed over go to `notes`. Raises Refused where it is no XML, not safe, no EPCIS document, or
    holds no event list or only master data; what came before a fault in the middle is then not to be trusted either.
    """
    reader = _Reader()
    count = 0
    for begin in range(0, max(len(content), 1), _STEP):
        reader.feed(content[begin : begin + _STEP], begin + _STEP >= len(content))
        for element in reader.events:
            count += 1
            yield element, reader.prefixes
        reader.events.clear()
    notes |= reader.notes
    if not count and reader.has_master_data:
        raise Refused("master_data")
    if not reader.has_list:
        raise Refused("bad_document", "EPCISBody.EventList")


def list_path(content: bytes) -> str:
    """Where the events of a document stand, as JSON would say it."""
    return "epcisBody.eventList" if b"QueryResults" not in content[: 1 << 14] else "epcisBody.queryResults.resultsBody.eventList"


def event_from_xml(element: Element, prefixes: dict[str, str]) -> dict[str, Any]:
    """The inner form of an event. Raises Refused with the field."""
    local = element.name.rsplit("}", 1)[-1]
    event: dict[str, Any] = {"type": local if local in TYPES else element.name}
    for child in _unwrapped(element):
        name = child.name
        value = _field(name, child, prefixes)
        if is_nothing(value):
            continue
        if name in event and (name in TYPES or not _is_extension(name)):
            if name != "certificationInfo":
                raise Refused("duplicate_key", name)
            value = [*event[name], *value]
        elif name in event:
            value = [*_many(event[name]), value]
        event[name] = value
    return event


def _is_extension(name: str) -> bool:
    return name.startswith("{")


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _unwrapped(element: Element) -> Iterator[Element]:
    for child in element.children:
        if child.name in _WRAPPERS:
            yield from _unwrapped(child)
        else:
            yield child


def _text(element: Element) -> str:
    return element.text.strip()


def _field(name: str, element: Element, prefixes: dict[str, str]) -> Any:
    if name in EPC_LISTS:
        return [_text(child) for child in _unwrapped(element)]
    if name in QUANTITY_LISTS:
        return [_quantity(child) for child in _unwrapped(element)]
    if name in TYPED_LISTS:
        return [_typed(child, TYPED_LISTS[name]) for child in _unwrapped(element)]
    if name == "persistentDisposition":
        found: dict[str, list[str]] = {}
        for child in _unwrapped(element):
            found.setdefault(child.name, []).append(bare(_text(child)))
        return found
    if name == "sensorElementList":
        return [_sensor(child, prefixes) for child in _unwrapped(element)]
    if name == "certificationInfo":
        return [_text(element)] if _text(element) else []
    if name in PLACES or name == "ilmd":
        return _object(element, prefixes)
    if name == "errorDeclaration":
        declared = _object(element, prefixes)
        if "reason" in declared:
            declared["reason"] = bare(declared["reason"])
        corrective = declared.get("correctiveEventIDs")
        if isinstance(corrective, dict):
            declared["correctiveEventIDs"] = _many(corrective.get("correctiveEventID", []))
        return declared
    if _is_extension(name) or element.children:
        return _extension(element, prefixes)
    return bare(_text(element)) if name in ("bizStep", "disposition") else _text(element)


def _quantity(element: Element) -> dict[str, Any]:
    found = {}
    for child in _unwrapped(element):
        text = _text(child)
        if text:
            found[child.name] = _number(text) if child.name == "quantity" else text
    return found


def _typed(element: Element, name: str) -> dict[str, Any]:
    found = {name: _text(element)}
    if element.attributes.get("type"):
        found["type"] = bare(element.attributes["type"])
    return found


def _number(text: str) -> str:
    try:
        return number_text(text)
    except ArithmeticError:
        return text


def _sensor(element: Element, prefixes: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in _unwrapped(element):
        if child.name == "sensorMetadata":
            found[child.name] = _attributes(child, prefixes)
        elif child.name == "sensorReport":
            report = _attributes(child, prefixes)
            for name in _ARE_MEASURES & report.keys():
                report[name] = bare_measure(report[name])
            for name in SENSOR_NUMBERS & report.keys():
                report[name] = _number(report[name])
            found.setdefault(child.name, []).append(report)
        else:
            _put(found, child.name, _extension(child, prefixes))
    return found


def _attributes(element: Element, prefixes: dict[str, str]) -> dict[str, Any]:
    return {name: expanded(text, prefixes) for name, text in element.attributes.items() if text and not name.startswith(_XSI)}


def _put(into: dict[str, Any], name: str, value: Any) -> None:
    if is_nothing(value):
        return
    into[name] = [*_many(into[name]), value] if name in into else value


def _object(element: Element, prefixes: dict[str, str]) -> dict[str, Any]:
    found = _attributes(element, prefixes)
    for child in _unwrapped(element):
        _put(found, child.name, _extension(child, prefixes))
    return found


def _extension(element: Element, prefixes: dict[str, str]) -> Any:
    """An element that the standard does not know: its text, or what it holds by name; a name that returns is a list."""
    if element.attributes.get(f"{_XSI}nil") == "true":
        return None
    text = _text(element)
    if element.attributes.get(f"{_XSI}type", "").rsplit(":", 1)[-1] in _NUMERIC:
        text = _number(text)
    found = _object(element, prefixes)
    if not found:
        return expanded(text, prefixes)
    if text and not element.children:
        found["#text"] = expanded(text, prefixes)
    return found
