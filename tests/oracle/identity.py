"""Which rows are the same event, which contradict, which replace; and what waits for another event.

Belongs here: keys, duplicates, conflicts, revisions, voids without their target, ambiguous order numbers, and the
accounting of every row. Does not belong here: what an event posts.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Final

from oracle.read import Delivery, Row
from oracle.resolve import Event, Refused, Resolver, Waiting

Key = tuple[str, ...]

# neither identity nor content of an event
_NOT_CONTENT: Final = frozenset({"recorded_at", "source_system", "source_event_id", "source_revision"})


@dataclasses.dataclass
class Fate:
    """Where a row ended: accepted, duplicate, corrected or quarantined with its reason (waiting: retried by itself)."""

    row: Row
    status: str
    reason: str | None = None
    is_waiting: bool = False


@dataclasses.dataclass
class Settled:
    """The events that stand, the voids paired with what they void, and the fate of every row."""

    events: list[Event]
    voids: list[tuple[Event, Event]]
    """(the void, what it voids)"""
    fates: list[Fate]


def key_of(row: Row, kind: str | None = None, natural: bool = False) -> Key:
    """A row's key: its own number, else the natural key of its feed (with `kind` in place of its own)."""
    f = row.fields
    mark = (row.source_system, row.feed)
    if "source_event_id" in f and not natural:
        return (*mark, "number", f["source_event_id"])
    kind = kind or f["event_kind"]
    assert row.at is not None
    if row.feed == "pos":
        names = [f["location_code"], f.get("register_no", ""), f["document_id"], f.get("business_on", row.at.day), f["document_line"]]
    elif row.feed == "supply" and kind == "supplier_stock":
        names = [f["supplier_code"], f["item_code"], _moment(row)]
    elif kind.startswith("consignment_"):  # sent again with a higher revision it replaces, unlike an order's line
        names = [f.get("document_kind", "consignment"), f["document_id"], f["document_line"]]
    elif row.feed == "supply":
        names = [
            f.get("document_kind") or _default_document(kind),
            f["document_id"],
            f["document_line"],
            str(row.revision) if kind.startswith("po_") else "any",
        ]
    elif kind.startswith("stock_"):
        names = [f["channel_code"], f["item_code"], f["publish_no"]]
    elif kind.startswith("listing_"):
        names = [f["channel_code"], f["item_code"], _moment(row)]
    else:
        names = [f["channel_code"], f["document_id"], f["document_line"]]
    return (*mark, "natural", kind, *names)


def _default_document(kind: str) -> str:
    return "po" if kind.startswith("po_") else kind


def _moment(row: Row) -> str:
    assert row.at is not None
    return f"{row.at.local.isoformat()} {row.at.offset_minutes}"


def content_of(row: Row) -> tuple[tuple[str, str], ...]:
    """What a row says, in one writing: 3, "3" and 3.0 are one quantity, Z and +00:00 one offset."""
    said = {name: text for name, text in row.fields.items() if name not in _NOT_CONTENT}
    said["occurred_at"] = _moment(row)
    for name in ("quantity", "unit_price_amount"):
        if name in said:
            said[name] = str(Decimal(said[name]).normalize())
    if said.get("item_code_kind") == "gtin":
        said["item_code"] = said["item_code"].zfill(14)
    return tuple(sorted(said.items()))


def settle(deliveries: list[Delivery], resolver: Resolver) -> Settled:
    """Judge every row of every feed but `reference`, in the order in which the deliveries were first seen."""
    fates: list[Fate] = []
    seen: dict[Key, dict[int, tuple[Fate, Event | None, object]]] = {}
    for delivery in deliveries:
        if delivery.feed != "reference":
            fates.extend(_judge(row, resolver, seen) for row in delivery.rows)
    standing: list[Event] = []
    for revisions in seen.values():
        for revision, (fate, _, _) in revisions.items():
            if fate.is_waiting and revision < max(revisions):
                fate.status, fate.reason, fate.is_waiting = "corrected", None, False
        ready = [revision for revision, (_, event, _) in revisions.items() if event is not None]
        if ready:
            event = revisions[max(ready)][1]
            assert event is not None
            standing.append(event)
    fate_of = {id(fate.row): fate for fate in fates}
    standing = _set_aside_ambiguous(standing, fate_of)
    standing, voids = _pair_voids(standing, fate_of)
    return Settled(standing, voids, fates)


def _judge(row: Row, resolver: Resolver, seen: dict[Key, dict[int, tuple[Fate, Event | None, object]]]) -> Fate:
    """One row against what came before it. Only accepted and waiting rows hold their identity."""
    if row.problem:
        return Fate(row, "quarantined", row.problem)
    key = key_of(row)
    event: Event | None = None
    reason: str | None = None
    try:
        event = resolver.event(row, key)
    except Waiting as waits:
        reason = str(waits)
    except Refused as refusal:
        return Fate(row, "quarantined", str(refusal))
    revisions = seen.setdefault(key, {})
    content = content_of(row)
    if row.revision in revisions:
        is_same = revisions[row.revision][2] == content
        return Fate(row, "duplicate") if is_same else Fate(row, "quarantined", "conflicting_payload")
    waiting = Fate(row, "quarantined", reason, is_waiting=True)
    fate = waiting if event is None else Fate(row, "corrected" if revisions else "accepted")
    revisions[row.revision] = (fate, event, content)
    return fate


def _wait(event: Event, reason: str, fate_of: dict[int, Fate]) -> None:
    fate = fate_of[id(event.row)]
    fate.status, fate.reason, fate.is_waiting = "quarantined", reason, True


def _set_aside_ambiguous(events: list[Event], fate_of: dict[int, Fate]) -> list[Event]:
    """A shipment of an order number that several channels have, and that does not say which, waits."""
    channels: dict[str | None, set[str | None]] = {}
    for event in events:
        if event.feed == "marketplace" and event.kind == "order_placed":
            channels.setdefault(event.get("document_id"), set()).add(event.channel)
    kept = []
    for event in events:
        is_open = event.feed == "wms" and event.kind == "ship" and event.channel is None and event.get("document_kind") == "so"
        if is_open and len(channels.get(event.get("document_id"), ())) > 1:
            _wait(event, "ambiguous_order", fate_of)
        else:
            kept.append(event)
    return kept


def _pair_voids(events: list[Event], fate_of: dict[int, Fate]) -> tuple[list[Event], list[tuple[Event, Event]]]:
    """Each void with the sale or shipment it names; a void that finds none waits, and so does one that asks for more than earlier voids left."""
    targets: dict[Key, list[Event]] = {}
    for event in sorted(events, key=_by_time):
        if event.feed == "pos" and event.kind == "sale":
            targets.setdefault(key_of(event.row, natural=True), []).append(event)
        elif event.feed == "wms" and event.kind == "ship":
            targets.setdefault(event.key, []).append(event)
    kept: list[Event] = []
    voids: list[tuple[Event, Event]] = []
    left: dict[int, dict[str, int]] = {}
    for event in sorted(events, key=_by_time):
        if event.kind == "sale_void":
            target = key_of(event.row, kind="sale", natural=True)
        elif event.kind == "void_ship":
            target = (event.row.source_system, "wms", "number", str(event.get("ref_document_id")))
        else:
            kept.append(event)
            continue
        if target not in targets:
            _wait(event, "void_without_target", fate_of)
            continue
        line = targets[target][0]
        open_units = left.setdefault(id(line), units_of(line))
        if any(units > open_units.get(item, 0) for item, units in units_of(event).items()):
            _wait(event, "void_exceeds_sale", fate_of)
            continue
        for item, units in units_of(event).items():
            open_units[item] -= units
        voids.append((event, line))
    return kept, voids


def units_of(event: Event) -> dict[str, int]:
    """Units of each item."""
    found: dict[str, int] = {}
    for item, units in event.parts:
        found[item] = found.get(item, 0) + units
    return found


def _by_time(event: Event) -> tuple[object, ...]:
    return (event.at, event.number, event.key)
