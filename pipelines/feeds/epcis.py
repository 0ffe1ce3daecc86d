"""EPCIS 2.0 in JSON-LD: documents, lists and single events to raw rows, one per event.

Times keep the offset that `eventTimeZoneOffset` names; CBV terms become bare words; the place is `bizLocation`, else
`readPoint`. What the event schema has no column for (parent, transactions, quantities, sources, sensors, extensions)
goes to `extra`, less personal fields. An error declaration is a higher revision of its event.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Any, Final

import polars as pl

from pipelines.feeds import gs1, privacy
from pipelines.feeds.epcis_hash import event_hash
from pipelines.feeds.jsonlines import check_text, decode, encode_extra, numbered_lines, unread
from pipelines.feeds.rows import EXTRA, LINE, RawRows, Refused, Reject
from pipelines.feeds.times import read_instant

_TYPES: Final = {
    "ObjectEvent": "object",
    "AggregationEvent": "aggregation",
    "TransactionEvent": "transaction",
    "AssociationEvent": "association",
    "TransformationEvent": "transformation",
}
_DOCUMENTS: Final = ("EPCISDocument", "epcis:EPCISDocument")
_EPC_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_TEXTS: Final = (
    "type", "eventID", "action", "bizStep", "disposition", "eventTime", "eventTimeZoneOffset", "recordTime", "parentID", "transformationID",
)  # fmt: skip
_USED: Final = frozenset({*_TEXTS, *_EPC_LISTS, "bizLocation", "errorDeclaration", "@context", "isA"}) - {"parentID", "transformationID"}
# CBV business transactions that are documents of ours.
_DOCUMENT_KINDS: Final = {"po": "po", "desadv": "asn", "recadv": "recadv", "rma": "rma", "inv": "inv", "so": "so", "to": "to"}
MAX_EPCS: Final = 100_000


def events_of(document: Any) -> list[Any] | None:
    """Events of a parsed JSON value: a document's event list, a list, a single event; null when it is none of these."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return None
    if document.get("type") in _DOCUMENTS or document.get("isA") in _DOCUMENTS:
        body = document.get("epcisBody")
        events = body.get("eventList") if isinstance(body, dict) else None
        if events is None and isinstance(body, dict) and isinstance(body.get("event"), dict):
            events = [body["event"]]
        return events if isinstance(events, list) else None
    kind = document.get("type") or document.get("isA")
    return [document] if isinstance(kind, str) and kind in _TYPES else None


def _items(content: bytes) -> Iterator[tuple[int, Any]]:
    events = events_of(decode_document(content))
    if events is None:
        raise Refused("unknown_document")
    yield from enumerate(events, 1)


def decode_document(content: bytes) -> Any:
    """The JSON value of a whole file, numbers as text; raises Refused."""
    return decode(content, limit=None)


def read_document(content: bytes) -> RawRows:
    """Read a whole document; `source_line` is the number of the event in it."""
    rows, rejects, seen = [], [], _Seen()
    for number, event in _items(content):
        try:
            rows.append(_row(event, number, seen))
        except Refused as refused:
            rejects.append(_rejected(event, number, refused))
    return _raw_rows(rows, rejects, seen)


def read_event_lines(content: bytes, first_line: int) -> RawRows:
    """Read a block of lines of one event each."""
    rows, rejects, seen = [], [], _Seen()
    for number, line in numbered_lines(content, first_line):
        event: Any = None
        try:
            event = decode(line.strip(b" \t\r\n"))
            rows.append(_row(event, number, seen))
        except Refused as refused:
            rejects.append(unread(number, refused, line) if event is None else _rejected(event, number, refused))
    return _raw_rows(rows, rejects, seen)


class _Seen:
    """Names met on the way: extension fields kept, personal fields dropped."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self.dropped: set[str] = set()


def _rejected(event: Any, number: int, refused: Refused) -> Reject:
    try:
        payload = encode_extra(privacy.prune(event, set())) if isinstance(event, dict) else None
    except Refused:
        payload = None
    return Reject(number, refused.code, refused.sentence(), payload and payload[: privacy.MAX_PAYLOAD])


def _raw_rows(rows: list[dict[str, Any]], rejects: list[Reject], seen: _Seen) -> RawRows:
    names = dict.fromkeys(name for row in rows for name in row)
    schema: dict[str, pl.DataType] = {name: pl.String() for name in {**names, LINE: None}}
    schema[LINE] = pl.UInt32()
    if "epcs" in schema:
        schema["epcs"] = pl.List(pl.String())
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema)
    return RawRows(frame, rejects, sorted(seen.unknown), sorted(seen.dropped), is_ascii=False)


def _row(event: Any, number: int, seen: _Seen) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise Refused("bad_event", "type")
    for name in _TEXTS:
        if event.get(name) is not None and type(event[name]) is not str:
            raise Refused("nested_value", name)
    kind = event.get("type") or event.get("isA")
    if kind not in _TYPES:
        raise Refused("unknown_kind", "type", kind if isinstance(kind, str) else None)
    row: dict[str, Any] = {LINE: number, "event_kind": _event_kind(event, _TYPES[kind])}
    _put_time(row, event)
    _put_epcs(row, event)
    row["source_event_id"] = event.get("eventID") or event_hash(event)
    for column, name in (("biz_step", "bizStep"), ("stock_state", "disposition")):
        if event.get(name):
            row[column] = gs1.bare_word(event[name])
    _put_place(row, event)
    _put_document(row, event)
    _put_error(row, event)
    other = {name: value for name, value in event.items() if name not in _USED and value not in (None, "", [], {})}
    if row.get("location_code") and "bizLocation" not in event:
        other.pop("readPoint", None)
    kept = privacy.prune(other, seen.dropped)
    if kept:
        row[EXTRA] = encode_extra(kept)
        check_text(row[EXTRA], EXTRA)
        seen.unknown.update(name for name in kept if ":" in name)
    for name, value in row.items():
        if isinstance(value, str) and name != EXTRA:
            check_text(value, name)
    return row


def _event_kind(event: dict[str, Any], what: str) -> str:
    if what == "transformation":
        return what
    action = event.get("action")
    if action not in ("ADD", "OBSERVE", "DELETE"):
        raise Refused("bad_event", "action", action)
    return f"{what}_{action.lower()}"


def _put_time(row: dict[str, Any], event: dict[str, Any]) -> None:
    written = event.get("eventTime")
    if not written:
        raise Refused("missing_field", "eventTime")
    zone = event.get("eventTimeZoneOffset")
    read = read_instant(written)
    if read is None:
        raise Refused("bad_time", "eventTime", written)
    local, offset = read
    if zone:
        named = read_instant(f"2000-01-01T00:00:00{zone}")
        if named is None or named[1] is None:
            raise Refused("bad_time", "eventTimeZoneOffset", zone)
        if offset is not None:
            local += timedelta(minutes=named[1] - offset)
        offset = named[1]
    elif offset is None:
        raise Refused("missing_field", "eventTimeZoneOffset")
    row["occurred_at"] = local.replace(tzinfo=timezone(timedelta(minutes=offset))).isoformat()
    if event.get("recordTime"):
        row["recorded_at"] = event["recordTime"]


def _put_epcs(row: dict[str, Any], event: dict[str, Any]) -> None:
    epcs: list[str] = []
    for name in _EPC_LISTS:
        listed = event.get(name)
        if listed is None:
            continue
        if not isinstance(listed, list):
            raise Refused("bad_event", name)
        for number, epc in enumerate(listed):
            if type(epc) is not str or not gs1.is_epc(epc):
                raise Refused("bad_epc", f"{name}[{number}]", epc if type(epc) is str else None)
            epcs.append(check_text(epc, name))
    if len(epcs) > MAX_EPCS:
        raise Refused("absurd_quantity", "epcList", str(len(epcs)))
    if epcs:
        row["epcs"] = list(dict.fromkeys(epcs))
        row["quantity"] = str(len(row["epcs"]))


def _identifier(event: dict[str, Any], name: str) -> str | None:
    place = event.get(name)
    if place is None:
        return None
    identifier = place.get("id") if isinstance(place, dict) else place
    if type(identifier) is not str or not identifier:
        raise Refused("bad_event", f"{name}.id")
    return identifier


def _put_place(row: dict[str, Any], event: dict[str, Any]) -> None:
    read_point = _identifier(event, "readPoint")
    place = _identifier(event, "bizLocation") or read_point
    if place:
        row["location_code"] = place
        if ":sgln:" in place or gs1.gln_of_epc(place) is not None:
            row["location_code_kind"] = "sgln"


def _put_document(row: dict[str, Any], event: dict[str, Any]) -> None:
    transactions = event.get("bizTransactionList") or []
    if not isinstance(transactions, list):
        raise Refused("bad_event", "bizTransactionList")
    for number, entry in enumerate(transactions):
        if not isinstance(entry, dict) or type(entry.get("bizTransaction")) is not str:
            raise Refused("bad_event", f"bizTransactionList[{number}]")
        kind = _DOCUMENT_KINDS.get(gs1.bare_word(str(entry.get("type") or "")))
        if kind and "document_id" not in row:
            row["document_kind"], row["document_id"] = kind, entry["bizTransaction"]


def _put_error(row: dict[str, Any], event: dict[str, Any]) -> None:
    declaration = event.get("errorDeclaration")
    if declaration is None:
        return
    if not isinstance(declaration, dict):
        raise Refused("bad_event", "errorDeclaration")
    row["is_correction"], row["source_revision"] = "true", "1"
    row["corrects_event_id"] = row["source_event_id"]
    reason = declaration.get("reason")
    if type(reason) is str and reason:
        row["error_reason"] = gs1.bare_word(reason)
