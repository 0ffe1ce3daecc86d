"""Elements of EPCIS 1.2 and 2.0 in XML to the same inner form of an event as JSON.

The `extension` and `baseExtension` wrappers of EPCIS 1.2 are taken off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pipelines.feeds.epcis.jsonform import expanded, is_nothing, number_text
from pipelines.feeds.epcis.vocabulary import (
    EPC_LISTS,
    PLACES,
    QUANTITY_LISTS,
    SENSOR_NUMBERS,
    STANDARD,
    TYPED_LISTS,
    TYPES,
    bare,
    bare_measure,
)
from pipelines.feeds.epcis.xmlread import WRAPPERS, Element
from pipelines.feeds.reading.rows import Refused

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_NUMERIC: Final = frozenset(
    {"integer", "int", "long", "short", "byte", "decimal", "double", "float", "nonNegativeInteger", "positiveInteger"}
)
_ARE_MEASURES: Final = frozenset({"type", "exception", "component"})


def event_from_xml(element: Element, prefixes: dict[str, str]) -> dict[str, Any]:
    """The inner form of an event. Raises Refused with the field."""
    local = element.name.rsplit("}", 1)[-1]
    event: dict[str, Any] = {"type": local if local in TYPES else element.name}
    for child in _unwrapped(element):
        name = child.name
        value = _field(name, child, prefixes)
        if is_nothing(value):
            continue
        if name not in event:
            event[name] = value
        elif name == "certificationInfo":
            event[name] += value
        elif name in STANDARD:
            raise Refused("duplicate_key", name)
        else:
            event[name] = [*_many(event[name]), value]
    return event


def _is_extension(name: str) -> bool:
    return name.startswith("{")


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _unwrapped(element: Element) -> Iterator[Element]:
    for child in element.children:
        if child.name in WRAPPERS:
            yield from _unwrapped(child)
        else:
            yield child


def _field(name: str, element: Element, prefixes: dict[str, str]) -> Any:
    if name in EPC_LISTS:
        return [child.text for child in _unwrapped(element)]
    if name in QUANTITY_LISTS:
        return [_quantity(child) for child in _unwrapped(element)]
    if name in TYPED_LISTS:
        return [_typed(child, TYPED_LISTS[name]) for child in _unwrapped(element)]
    if name == "persistentDisposition":
        found: dict[str, list[str]] = {}
        for child in _unwrapped(element):
            found.setdefault(child.name, []).append(bare(child.text))
        return found
    if name == "sensorElementList":
        return [_sensor(child, prefixes) for child in _unwrapped(element)]
    if name == "certificationInfo":
        return [element.text] if element.text else []
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
    return bare(element.text) if name in ("bizStep", "disposition") else element.text


def _quantity(element: Element) -> dict[str, Any]:
    found = {}
    for child in _unwrapped(element):
        text = child.text
        if text:
            found[child.name] = _number(text) if child.name == "quantity" else text
    return found


def _typed(element: Element, name: str) -> dict[str, Any]:
    found = {name: element.text}
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
    text = element.text
    if element.attributes.get(f"{_XSI}type", "").rsplit(":", 1)[-1] in _NUMERIC:
        text = _number(text)
    found = _object(element, prefixes)
    if not found:
        return expanded(text, prefixes)
    if text and not element.children:
        found["#text"] = expanded(text, prefixes)
    return found
