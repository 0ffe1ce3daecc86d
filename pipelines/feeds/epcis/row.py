"""One event in its inner form to one raw row.

Times keep the offset that `eventTimeZoneOffset` names; the place is `bizLocation`, else `readPoint`. What the event
schema has no column for (parent, transactions, quantities by class, sources, sensors, extensions) goes to `extra`, less
personal fields, in an order that does not depend on how it was sent. An error declaration is a higher revision.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import orjson

from pipelines.feeds.epcis.checks import check_event
from pipelines.feeds.epcis.hashid import event_hash
from pipelines.feeds.epcis.lots import lot_and_expiry
from pipelines.feeds.epcis.names import address_of
from pipelines.feeds.epcis.vocabulary import EPC_LISTS, QUANTITY_LISTS, STANDARD, TEXTS, TYPES
from pipelines.feeds.reading import gs1, privacy
from pipelines.feeds.reading.jsonlines import FractionNumber, WholeNumber, check_text, encode_extra
from pipelines.feeds.reading.rows import EXTRA, LINE, Refused
from pipelines.feeds.reading.tags import canonical_epc
from pipelines.feeds.reading.times import read_instant

_USED: Final = frozenset({*TEXTS, *EPC_LISTS, "bizLocation"}) - {"parentID", "transformationID"}
# CBV business transactions that are documents of ours; of several the first in this order names the event's document
_DOCUMENT_KINDS: Final = {"desadv": "asn", "po": "po", "recadv": "recadv", "rma": "rma", "inv": "inv", "so": "so", "to": "to"}
_RANKS: Final = {kind: rank for rank, kind in enumerate(_DOCUMENT_KINDS)}
_PLAIN_URI: Final = ("urn:epc", "http://", "https://", "ni:///")
_TIMES: Final = frozenset({"time", "startTime", "endTime", "declarationTime"})
_KNOWN_INSIDE: Final = frozenset({"id", "type", "source", "destination"})


class Seen:
    """Names met on the way: extension fields kept, personal fields dropped, parts of a document that were not read."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self.dropped: set[str] = set()


def row_of(event: dict[str, Any], number: int, seen: Seen) -> dict[str, Any]:
    """The raw row of an event; raises Refused with the path in the event."""
    row: dict[str, Any] = {LINE: number}
    check_event(event)
    kind = TYPES[event["type"]]
    row["event_kind"] = f"{kind}_{event['action'].lower()}" if "action" in event else kind
    row["occurred_at"] = occurred_at(event.get("eventTime"), event.get("eventTimeZoneOffset"))
    if "recordTime" in event:
        row["recorded_at"] = event["recordTime"]
    _put_goods(row, event)
    row["source_event_id"] = event.get("eventID") or event_hash(event)
    for column, name in (("biz_step", "bizStep"), ("stock_state", "disposition")):
        if name in event:
            row[column] = event[name]
    _put_place(row, event)
    _put_document(row, event)
    _put_error(row, event)
    _put_extra(row, event, seen)
    _check_texts(row)
    return row


def _check_texts(row: dict[str, Any]) -> None:
    try:
        check_text("".join([value for value in row.values() if isinstance(value, str)]), EXTRA)
    except Refused:
        for name, value in row.items():
            if isinstance(value, str):
                check_text(value, name)
        raise


def occurred_at(written: str | None, zone: str | None) -> str:
    """The event's time with the offset of its zone; raises Refused.

    >>> occurred_at("2026-03-08T06:30:00Z", "+01:00")
    '2026-03-08T07:30:00+01:00'
    """
    if written is None:
        raise Refused("missing_field", "eventTime")
    read = read_instant(written)
    if read is None:
        raise Refused("bad_time", "eventTime", written)
    local, offset = read
    if zone is not None:
        named = minutes_of(zone)
        if named is None:
            raise Refused("bad_time", "eventTimeZoneOffset", zone)
        if offset is not None:
            try:
                local += timedelta(minutes=named - offset)
            except OverflowError as error:
                raise Refused("time_out_of_range", "eventTime", written) from error
        offset = named
    elif offset is None:
        raise Refused("missing_field", "eventTimeZoneOffset")
    return local.replace(tzinfo=timezone(timedelta(minutes=offset))).isoformat()


@lru_cache(maxsize=1024)
def minutes_of(zone: str) -> int | None:
    """Minutes from UTC that an offset names; null when it names none.

    >>> minutes_of("+01:30"), minutes_of("+25:00"), minutes_of("Paris")
    (90, None, None)
    """
    read = read_instant(f"2000-01-01T00:00:00{zone}")
    return read and read[1]


def _put_goods(row: dict[str, Any], event: dict[str, Any]) -> None:
    """The tags, and the quantity: tags and pieces by class together; else what was measured, if it is in one unit.

    An amount that is not stated is not 0: it does not count, and is kept in `extra` as sent.
    """
    epcs = {canonical_epc(epc) for name in EPC_LISTS for epc in event.get(name, ())}
    if epcs:
        check_text("".join(epcs), "epcs")
    pieces = Decimal(len(epcs))
    measured: dict[str, Decimal] = {}
    has_pieces = bool(epcs)
    for name in QUANTITY_LISTS:
        for element in event.get(name, ()):
            if "quantity" not in element:
                continue
            if "uom" in element:
                measured[element["uom"]] = measured.get(element["uom"], Decimal(0)) + Decimal(element["quantity"])
            else:
                pieces, has_pieces = pieces + Decimal(element["quantity"]), True
    if epcs:
        row["epcs"] = sorted(epcs)
    said = zip(("lot_code", "expires_on"), lot_and_expiry(event), strict=True)
    row.update({column: value for column, value in said if value is not None})
    if has_pieces:
        row["quantity"] = format(pieces, "f")
    elif len(measured) == 1:
        row["uom_code"], amount = measured.popitem()
        row["quantity"] = format(amount, "f")


def _put_place(row: dict[str, Any], event: dict[str, Any]) -> None:
    place = event.get("bizLocation") or event.get("readPoint")
    if place:
        row["location_code"] = place["id"]
        if ":sgln:" in place["id"] or gs1.gln_of_epc(place["id"]) is not None:
            row["location_code_kind"] = "sgln"


def _put_document(row: dict[str, Any], event: dict[str, Any]) -> None:
    named = [
        (_RANKS[entry["type"]], entry["bizTransaction"]) for entry in event.get("bizTransactionList", ()) if entry.get("type") in _RANKS
    ]
    if named:
        rank, transaction = min(named)
        row["document_id"] = gs1.document_number(transaction)
        row["document_kind"] = list(_DOCUMENT_KINDS.values())[rank]


def _put_error(row: dict[str, Any], event: dict[str, Any]) -> None:
    declaration = event.get("errorDeclaration")
    if declaration is None:
        return
    row["is_correction"], row["source_revision"] = "true", "1"
    row["corrects_event_id"] = row["source_event_id"]
    if "reason" in declaration:
        row["error_reason"] = declaration["reason"]


def _put_extra(row: dict[str, Any], event: dict[str, Any], seen: Seen) -> None:
    other = {name: value for name, value in event.items() if name not in _USED}
    place = other.pop("readPoint", None)
    if place and ("bizLocation" in event or len(place) > 1):
        other["readPoint"] = place
    if len(event.get("bizLocation", ())) > 1:
        other["bizLocation"] = event["bizLocation"]
    if "outputEPCList" in event:  # what came out; the other tags went in
        other["outputEPCList"] = sorted({canonical_epc(epc) for epc in event["outputEPCList"]})
    if "parentID" in event:
        other["parentID"] = canonical_epc(event["parentID"])
    for name in QUANTITY_LISTS:
        if name in event:
            other[name] = [element | {"epcClass": canonical_epc(element["epcClass"])} for element in event[name]]
    other.get("errorDeclaration", {}).pop("reason", None)
    kept = _settled(other, seen)
    if kept:
        row[EXTRA] = _encoded(kept)
        seen.unknown.update(name for name in kept if name not in STANDARD)


def _settled(value: Any, seen: Seen) -> Any:
    """A value as `extra` keeps it: full addresses for names, lists sorted, nothing personal."""
    if isinstance(value, dict):
        kept = {}
        for name, inner in value.items():
            local = name.rsplit("}", 1)[-1] if name.startswith("{") else name.rsplit(":", 1)[-1]
            if (
                name not in STANDARD
                and local not in _KNOWN_INSIDE
                and (privacy.is_personal(local) or local in ("customer_id", "customer_key"))
            ):
                seen.dropped.add(address_of(name))
            else:
                kept[address_of(name)] = _utc(inner) if name in _TIMES and isinstance(inner, str) else _settled(inner, seen)
        return kept
    if isinstance(value, list):
        settled = [_settled(each, seen) for each in value]
        return sorted(settled, key=_order) if len(settled) > 1 else settled
    if isinstance(value, WholeNumber | FractionNumber) or type(value) is int:
        return str(value)
    if isinstance(value, str):
        return value if value.startswith(_PLAIN_URI) and "@" not in value else privacy.mask(value)
    return value


def _utc(text: str) -> str:
    """A time in UTC, so that one instant is one text; what names no zone stays as sent."""
    read = read_instant(text.strip())
    if read is None or read[1] is None:
        return text
    try:
        return (read[0] - timedelta(minutes=read[1])).isoformat() + "Z"
    except OverflowError:
        return text


def _order(value: Any) -> str:
    return value if isinstance(value, str) else _encoded({"": value})


def _encoded(fields: dict[str, Any]) -> str:
    """As `encode_extra`, which it leaves what it cannot do."""
    try:
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        return encode_extra(fields)


def payload_of(event: Any) -> str | None:
    """What may be kept of an event that was refused; null where nothing can be."""
    if not isinstance(event, dict):
        return None
    try:
        return _encoded(_settled(event, Seen()))[: privacy.MAX_PAYLOAD]
    except (Exception, RecursionError):  # it was refused already: whatever is wrong with it, it is not shown
        return None
