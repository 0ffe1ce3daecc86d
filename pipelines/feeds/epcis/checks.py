"""What an EPCIS event must say, beyond its form: the first fault is raised with its reason and its path in the event.

Belongs here: rules of EPCIS 2.0 and the CBV that need no reference data. Does not belong here: whether an item or a
place is known. A path counts from 0: `epcList[2]`, `bizLocation.id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from pipelines.feeds.epcis.names import address_of
from pipelines.feeds.epcis.vocabulary import ACTIONS, EPC_LISTS, PLACES, QUANTITY_LISTS, TYPED_LISTS, TYPES, WORDS, is_own_term
from pipelines.feeds.reading.gs1links import fault_of, known_fault_of
from pipelines.feeds.reading.rows import Refused
from pipelines.feeds.reading.tags import pure_uri
from pipelines.feeds.reading.times import read_instant

MAX_EPCS: Final = 100_000
"""Of one event; more are refused."""
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_UOM: Final = re.compile(r"[A-Z0-9]{2,3}")
_OBJECTS: Final = ("epcList", "quantityList")
_CHILDREN: Final = ("childEPCs", "childQuantityList")
_INPUTS: Final = ("inputEPCList", "inputQuantityList")
_OUTPUTS: Final = ("outputEPCList", "outputQuantityList")


def check_event(event: dict[str, Any]) -> None:
    """Judge an event in its inner form; raises Refused."""
    kind = event.get("type")
    if kind not in TYPES:
        raise Refused("unknown_kind", "type", address_of(kind) if type(kind) is str else None)
    _check_action(event, kind)
    for name in ("bizStep", "disposition"):
        if name in event:
            check_term(name, name, event[name])
    _check_epcs(event)
    for name in QUANTITY_LISTS:
        for place, element in enumerate(event.get(name, ())):
            _check_quantity(element, f"{name}[{place}]")
    for path, uri in _identifiers(event):
        if code := known_fault_of(pure_uri(uri)):
            raise Refused(code, path, uri)
    _check_terms(event)
    _check_whole(event, kind)
    _check_beside(event, kind)


def _check_action(event: dict[str, Any], kind: str) -> None:
    action = event.get("action")
    if kind == "TransformationEvent":
        if action is not None:
            raise Refused("action_not_allowed", "action", action)
    elif action is None:
        raise Refused("missing_field", "action")
    elif action not in ACTIONS:
        raise Refused("bad_action", "action", action)


def check_term(of: str, path: str, term: Any) -> None:
    """A bare word must be in the vocabulary of its field; any other term a URI of the sender's own."""
    if type(term) is not str:
        raise Refused("nested_value", path)
    if term not in WORDS[of] and not is_own_term(term):
        raise Refused("unknown_term", path, term)


def _check_epcs(event: dict[str, Any]) -> None:
    count = 0
    for name in EPC_LISTS:
        epcs = event.get(name, ())
        count += len(epcs)
        if count > MAX_EPCS:
            raise Refused("too_many_epcs", name, str(count))
        for place, epc in enumerate(epcs):
            if code := fault_of(pure_uri(epc)):
                raise Refused(code, f"{name}[{place}]", epc)
        if len(set(epcs)) != len(epcs):
            place = next(place for place, epc in enumerate(epcs) if epc in epcs[:place])
            raise Refused("duplicate_epc", f"{name}[{place}]", epcs[place])


def _check_quantity(element: dict[str, Any], path: str) -> None:
    epc_class = element.get("epcClass")
    if type(epc_class) is not str:
        raise Refused("missing_field", f"{path}.epcClass")
    if code := known_fault_of(epc_class):
        raise Refused(code, f"{path}.epcClass", epc_class)
    uom = element.get("uom")
    if uom is not None and (type(uom) is not str or not _UOM.fullmatch(uom)):
        raise Refused("bad_uom", f"{path}.uom", uom if type(uom) is str else None)
    quantity = element.get("quantity")
    if quantity is None:
        return
    if type(quantity) is not str or not _NUMBER.fullmatch(quantity):
        raise Refused("bad_number", f"{path}.quantity", quantity if type(quantity) is str else None)
    number = Decimal(quantity)
    if number < 0:
        raise Refused("quantity_negative", f"{path}.quantity", quantity)
    if uom is None and number != number.to_integral_value():
        raise Refused("not_whole", f"{path}.quantity", quantity)


def _identifiers(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in PLACES:
        if name in event:
            yield f"{name}.id", event[name]["id"]
    for name in ("parentID", "transformationID"):
        if name in event:
            yield name, event[name]
    for name in ("sourceList", "destinationList"):
        for place, entry in enumerate(event.get(name, ())):
            yield f"{name}[{place}].{TYPED_LISTS[name]}", entry[TYPED_LISTS[name]]


def _check_terms(event: dict[str, Any]) -> None:
    for name in TYPED_LISTS:
        for place, entry in enumerate(event.get(name, ())):
            path = f"{name}[{place}].type"
            if "type" in entry:
                check_term(name, path, entry["type"])
            elif name != "bizTransactionList":
                raise Refused("missing_field", path)
    persistent = event.get("persistentDisposition", {})
    for which, terms in persistent.items():
        if which not in ("set", "unset"):
            raise Refused("unknown_term", f"persistentDisposition.{which}")
        for place, term in enumerate(terms):
            check_term("disposition", f"persistentDisposition.{which}[{place}]", term)


def _has(event: dict[str, Any], names: tuple[str, ...]) -> bool:
    return any(event.get(name) for name in names)


def _check_whole(event: dict[str, Any], kind: str) -> None:
    """What an event of its type and action cannot do without."""
    action = event.get("action")
    if kind == "ObjectEvent":
        if not _has(event, _OBJECTS) and not event.get("sensorElementList"):
            raise Refused("missing_epcs", "epcList")
        if "ilmd" in event and action != "ADD":
            raise Refused("ilmd_not_allowed", "ilmd")
    elif kind == "TransactionEvent":
        if not event.get("bizTransactionList"):
            raise Refused("missing_field", "bizTransactionList")
        if action != "DELETE" and not _has(event, _OBJECTS):
            raise Refused("missing_epcs", "epcList")
    elif kind == "TransformationEvent":
        has_inputs, has_outputs = _has(event, _INPUTS), _has(event, _OUTPUTS)
        is_part = "transformationID" in event and (has_inputs or has_outputs)
        if not has_inputs and not is_part:
            raise Refused("missing_inputs", "inputEPCList")
        if not has_outputs and not is_part:
            raise Refused("missing_outputs", "outputEPCList")
    else:
        if "parentID" not in event and (action != "OBSERVE" or kind == "AssociationEvent"):
            raise Refused("missing_parent", "parentID")
        if action != "DELETE" and not _has(event, _CHILDREN):
            raise Refused("missing_epcs", "childEPCs")


def _check_beside(event: dict[str, Any], kind: str) -> None:
    """Sensors, and what declares an error."""
    if "ilmd" in event and kind not in ("ObjectEvent", "TransformationEvent"):
        raise Refused("ilmd_not_allowed", "ilmd")
    for place, element in enumerate(event.get("sensorElementList", ())):
        reports = element.get("sensorReport")
        if not reports:
            raise Refused("missing_field", f"sensorElementList[{place}].sensorReport")
        for number, report in enumerate(reports):
            if "type" not in report and "exception" not in report:
                raise Refused("missing_field", f"sensorElementList[{place}].sensorReport[{number}].type")
    declaration = event.get("errorDeclaration")
    if declaration is None:
        return
    declared_at = declaration.get("declarationTime")
    if type(declared_at) is not str:
        raise Refused("missing_field", "errorDeclaration.declarationTime")
    read = read_instant(declared_at)
    if read is None or read[1] is None:
        raise Refused("bad_time", "errorDeclaration.declarationTime", declared_at)
    if "reason" in declaration:
        check_term("reason", "errorDeclaration.reason", declaration["reason"])
