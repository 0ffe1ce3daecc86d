"""EPCIS in JSON and JSON-LD to the one inner form of an event, which XML has too.

The inner form is a dictionary with the field names of JSON, every value a text (numbers in plain shortest digits), a
list or a dictionary; terms of the CBV are bare words, extensions are `{namespace}local`. What is null or empty is left
out. Only what cannot be brought into this form is refused here; what it means is judged in `checks.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from pipelines.feeds.epcis.names import KNOWN_PREFIXES, address_of, full_name, prefixes_of
from pipelines.feeds.epcis.vocabulary import EPC_LISTS, PLACES, QUANTITY_LISTS, TEXTS, TYPED_LISTS, TYPES, bare, bare_measure
from pipelines.feeds.reading.jsonlines import MAX_DEPTH, FractionNumber, WholeNumber
from pipelines.feeds.reading.rows import Refused

_ARE_TERMS: Final = frozenset({"bizStep", "disposition", "reason"})
_ARE_MEASURES: Final = frozenset({"type", "exception", "component"})

Prefixes = dict[str, str]


def is_nothing(value: Any) -> bool:
    """Whether a value says nothing: null, empty text, an empty list or object.

    >>> [is_nothing(value) for value in (None, "", [], {}, False, 0)]
    [True, True, True, True, False, False]
    """
    return not value and value is not False and value != 0


def number_text(written: str) -> str:
    """A number in its shortest plain digits; one out of all proportion stays as written.

    >>> number_text("26.0"), number_text("2e2"), number_text("-0.50"), number_text("0")
    ('26', '200', '-0.5', '0')
    """
    number = Decimal(written)
    if not number:
        return "0"
    if abs(number.adjusted()) > 30:
        return written
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def event_from_json(value: Any, prefixes: Prefixes = KNOWN_PREFIXES) -> dict[str, Any]:
    """The inner form of an event of a JSON value; `prefixes` are those of its document. Raises Refused with the field."""
    if not isinstance(value, dict):
        raise Refused("bad_event", "type")
    if "@context" in value:
        prefixes = prefixes_of(value["@context"], prefixes)
    event: dict[str, Any] = {}
    for written, inner in value.items():
        if written == "@context" or is_nothing(inner):
            continue
        name = full_name(written, prefixes)
        if name in event:
            raise Refused("duplicate_key", name)
        event[name] = _field(name, inner, prefixes)
    return event


def type_of(value: Any, prefixes: Prefixes = KNOWN_PREFIXES) -> list[str]:
    """The types that an object names by `type`, `@type` or `isA`, the standard's own as bare words."""
    named = value.get("type") or value.get("@type") or value.get("isA")
    texts = named if isinstance(named, list) else [named]
    return [full_name(text, prefixes) for text in texts if type(text) is str]


def _field(name: str, value: Any, prefixes: Prefixes) -> Any:
    if name in TEXTS:
        return _type(value, prefixes) if name == "type" else _text(name, value)
    if name in EPC_LISTS:
        return [_identifier(epc, f"{name}[{place}]", "bad_epc") for place, epc in enumerate(_list(name, value))]
    if name in QUANTITY_LISTS:
        return [_object(element, f"{name}[{place}]", prefixes) for place, element in enumerate(_list(name, value))]
    if name in PLACES:
        return _place(name, value, prefixes)
    if name in TYPED_LISTS:
        return [_typed(name, entry, place, prefixes) for place, entry in enumerate(_list(name, value))]
    if name == "persistentDisposition":
        found = _object(value, name, prefixes)
        return {
            which: [bare(term) if type(term) is str else term for term in _list(f"{name}.{which}", terms)] for which, terms in found.items()
        }
    if name == "sensorElementList":
        return [_sensor(element, f"{name}[{place}]", prefixes) for place, element in enumerate(_list(name, value))]
    if name in ("errorDeclaration", "ilmd"):
        return _object(value, name, prefixes)
    if name == "certificationInfo":
        infos = value if isinstance(value, list) else [value]
        return [_identifier(info, name, "not_a_uri") for info in infos]
    return _extension(value, name, prefixes, 1)


def _text(name: str, value: Any) -> str:
    if type(value) is not str:
        raise Refused("nested_value", name)
    return bare(value) if name in _ARE_TERMS else value


def _type(value: Any, prefixes: Prefixes) -> str:
    """The type of the standard among the types of an event, else the first of them."""
    if not isinstance(value, str | list) or isinstance(value, WholeNumber | FractionNumber):
        raise Refused("nested_value", "type")
    named = type_of({"type": value}, prefixes)
    if not named:
        raise Refused("nested_value", "type")
    return next((text for text in named if text in TYPES), named[0])


def _list(path: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused("not_a_list", path)
    return value


def _identifier(value: Any, path: str, code: str) -> str:
    if isinstance(value, dict) and len(value) == 1:
        value = value.get("id", value.get("@id"))
    if type(value) is not str or not value:
        raise Refused(code, path)
    return value


def _place(name: str, value: Any, prefixes: Prefixes) -> dict[str, Any]:
    place = {"id": value} if type(value) is str else _object(value, name, prefixes)
    if type(place.get("id")) is not str or not place["id"]:
        raise Refused("not_a_uri", f"{name}.id")
    return place


def _typed(name: str, entry: Any, place: int, prefixes: Prefixes) -> dict[str, Any]:
    path = f"{name}[{place}]"
    found = _object(entry, path, prefixes)
    if type(found.get(TYPED_LISTS[name])) is not str:
        raise Refused("not_a_uri", f"{path}.{TYPED_LISTS[name]}")
    if "type" in found:
        if type(found["type"]) is not str:
            raise Refused("nested_value", f"{path}.type")
        found["type"] = bare(found["type"])
    return found


def _object(value: Any, path: str, prefixes: Prefixes) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused("not_an_object", path)
    found = {}
    for written, inner in value.items():
        if is_nothing(inner) or written == "@context":
            continue
        name = full_name(written, prefixes)
        kept = _extension(inner, f"{path}.{name}", prefixes, 1)
        found[name] = bare(kept) if name in _ARE_TERMS and type(kept) is str else kept
    return found


def _sensor(value: Any, path: str, prefixes: Prefixes) -> dict[str, Any]:
    element = _object(value, path, prefixes)
    metadata = element.get("sensorMetadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Refused("not_an_object", f"{path}.sensorMetadata")
    reports = _list(f"{path}.sensorReport", element.get("sensorReport", []))
    for place, report in enumerate(reports):
        if not isinstance(report, dict):
            raise Refused("not_an_object", f"{path}.sensorReport[{place}]")
        for name in _ARE_MEASURES & report.keys():
            if type(report[name]) is str:
                report[name] = bare_measure(report[name])
    return element


def expanded(text: str, prefixes: Prefixes) -> str:
    """A text of the form prefix:rest as full address, where the prefix is declared; any other as it is.

    >>> expanded("ex:A", {"ex": "https://example.com/ns"}), expanded("12:30", {"ex": "https://example.com/ns"})
    ('https://example.com/ns/A', '12:30')
    """
    prefix, colon, local = text.partition(":")
    if not colon or prefix not in prefixes or local.startswith("//") or " " in local or not local:
        return text
    return address_of(f"{{{prefixes[prefix]}}}{local}")


def _extension(value: Any, path: str, prefixes: Prefixes, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Refused("too_deep", path[:60])
    if type(value) is str:
        return expanded(value, prefixes)
    if isinstance(value, WholeNumber | FractionNumber):
        return number_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if isinstance(value, dict):
        kept = {}
        for written, inner in value.items():
            if written != "@context" and not is_nothing(inner):
                name = full_name(written, prefixes)
                kept[name] = _extension(inner, path, prefixes, depth + 1)
        return kept
    if isinstance(value, list):
        return [_extension(inner, path, prefixes, depth + 1) for inner in value if not is_nothing(inner)]
    raise Refused("nested_value", path)
