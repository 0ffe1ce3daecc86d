"""Rows → events in our own codes, base units and UTC; or what a row waits for; or why it is refused.

Belongs here: reference versions, codes, units, zones, bundles. Does not belong here: identity, posting.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oracle import epcis
from oracle.read import REFERENCE_KEYS, Delivery, Row, entity_of, written

BEGINNING = datetime(1, 1, 1)
_FOREVER = datetime(9999, 12, 31)
# entities whose first version can have a beginning
_MAY_BEGIN = ("bom", "networks", "terms", "relations")
_NO_ITEM = ("till_close",)
_MOST_AT_A_TILL, _MOST = 1_000_000, 1_000_000_000  # base units in one line, without somebody's approval
_FAR_DAYS = 2  # of a trading day from the day of its instant
_NEEDS_BILL = ("kit_assemble", "kit_break")


@dataclasses.dataclass(frozen=True)
class Version:
    """A reference row and when it holds: from `starts` (UTC, naive) up to `ends`."""

    starts: datetime
    ends: datetime | None
    known_at: datetime
    fields: dict[str, str]


class Waiting(Exception):
    """What the row refers to is not known yet; the argument is the reason."""


class Refused(Exception):
    """The row can never post; the argument is the reason."""


@dataclasses.dataclass
class Event:
    """A resolved row. `parts` are (item, base units): one, or the components of a bundle. Times are UTC, naive."""

    row: Row
    feed: str
    kind: str
    number: str
    """source_event_id, '' where there is none: orders counts of one instant."""
    at: datetime
    day: str
    known_at: datetime
    location: str | None
    to_location: str | None
    channel: str | None
    supplier: str | None
    owner: str
    lot: str
    parts: list[tuple[str, int]]
    fields: dict[str, str]
    key: tuple[str, ...] = ()
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    """Of merged items: what an item became → the code by which this event means it."""

    def get(self, name: str) -> str | None:
        """A field as the line says it, or None."""
        return self.fields.get(name)


class Reference:
    """All versions of all reference rows, and how each row of the reference files was accounted for."""

    def __init__(self, deliveries: list[Delivery]) -> None:
        self.versions: dict[str, dict[tuple[str, ...], list[Version]]] = {entity: {} for entity in REFERENCE_KEYS}
        self.fates: list[tuple[Row, str, str | None]] = []
        for delivery in deliveries:
            if delivery.feed == "reference":
                for row in delivery.rows:
                    status, reason = self._take(entity_of(delivery.uri), row)
                    self.fates.append((row, status, reason))

    def _take(self, entity: str, row: Row) -> tuple[str, str | None]:
        if row.problem:
            return "quarantined", row.problem
        names = REFERENCE_KEYS[entity]
        if any(name not in row.fields for name in names):
            return "quarantined", "missing_field"
        if entity == "items" and "gtin" in row.fields and not epcis.is_gtin(row.fields["gtin"]):
            return "quarantined", "bad_check_digit"
        versions = self.versions[entity].setdefault(tuple(row.fields[name] for name in names), [])
        if versions and versions[-1].fields == row.fields:
            return "duplicate", None
        says = _instant(row.fields.get("valid_from"))
        first = (says or BEGINNING) if entity in _MAY_BEGIN else BEGINNING
        starts = first if not versions else says or row.known_at
        versions.append(Version(starts, _instant(row.fields.get("valid_to")), row.known_at, row.fields))
        return "accepted", None

    def row(self, entity: str, key: tuple[str, ...], at: datetime) -> dict[str, str] | None:
        """What holds at an instant: the version that started last, of equals the one known last; None once it has ended."""
        holding: Version | None = None
        for version in self.versions[entity].get(key, []):
            if version.starts <= at and (holding is None or version.starts >= holding.starts):
                holding = version
        return holding.fields if holding and (holding.ends is None or at < holding.ends) else None

    def rows(self, entity: str, at: datetime) -> list[dict[str, str]]:
        """Every key's row that holds at an instant."""
        found = (self.row(entity, key, at) for key in self.versions[entity])
        return [fields for fields in found if fields is not None]

    def default_state(self, location: str, at: datetime) -> str:
        """Where goods that can be sold lie: on the shelf in a store, elsewhere in the back."""
        fields = self.row("locations", (location,), at) or {}
        return "sellable_accessible" if fields.get("location_kind") == "store" else "sellable_not_accessible"

    def bom(self, item: str, at: datetime) -> list[tuple[str, int]]:
        """(component, units for one) of a kit or a bundle; empty where there is no bill."""
        lines = [fields for fields in self.rows("bom", at) if fields["kit_item_code"] == item]
        return sorted((fields["component_item_code"], int(Decimal(fields["component_units"]))) for fields in lines)

    def of_gtin(self, gtin: str | None, at: datetime) -> tuple[str, str | None] | None:
        """(item, the unit that the GTIN implies); None where no item has it."""
        for fields in self.rows("items", at):
            if gtin and fields.get("gtin", "").zfill(14) == gtin:
                return fields["item_code"], fields.get("base_uom_code")
        for fields in self.rows("uoms", at):
            if gtin and fields["item_code"] != "*" and fields.get("gtin", "").zfill(14) == gtin:
                return fields["item_code"], fields["uom_code"]
        return None

    def tagged(self, epc: str, at: datetime) -> tuple[str, int] | None:
        """(item, base units) of what carries a tag; None where no item has the GTIN in it."""
        found = self.of_gtin(epcis.gtin_of(epc), at)
        if found is None:
            return None
        item, unit = found
        pack = self.row("uoms", (item, unit), at) if unit else None
        is_base = (self.row("items", (item,), at) or {}).get("base_uom_code") == unit
        return item, 1 if pack is None or is_base else int(Decimal(pack["numerator"]) / Decimal(pack["denominator"]))

    def merges(self) -> dict[str, tuple[str, datetime]]:
        """item → what it became and from when they lie together, as known now; none that was taken back."""
        links = {}
        for (item, other, kind), versions in self.versions["relations"].items():
            last = versions[-1]
            if kind == "merge" and (last.ends is None or last.ends > last.starts):
                links[item] = (other, last.starts)
        return links

    def became(self, item: str) -> str:
        """The item that a code's goods are counted as."""
        return self.heap(item, _FOREVER)

    def heap(self, item: str, at: datetime) -> str:
        """The item with whose goods those of a code lie at an instant."""
        links = self.merges()
        while item in links and links[item][1] <= at:
            item = links[item][0]
        return item

    def network(self, channel: str, at: datetime) -> list[str]:
        """The places that serve a channel, first choice first; without rows: every place, other than stores first, then by code."""
        kinds = {fields["location_code"]: fields.get("location_kind") for fields in self.rows("locations", at)}
        rows = [fields for fields in self.rows("networks", at) if fields["channel_code"] == channel and fields["location_code"] in kinds]
        if not any(key[0] == channel for key in self.versions["networks"]):
            return sorted(kinds, key=lambda code: (kinds[code] == "store", code))
        return [
            f["location_code"]
            for f in sorted(rows, key=lambda f: (int(f.get("priority", 1 << 30)), kinds[f["location_code"]] == "store", f["location_code"]))
        ]


def _instant(text: str | None) -> datetime | None:
    """valid_from or valid_to in UTC; a plain date is its midnight in UTC."""
    if text is None:
        return None
    time = written(text if len(text) > 10 else f"{text}T00:00:00Z")
    return None if time is None else time.local - timedelta(minutes=time.offset_minutes or 0)


class Resolver:
    """Resolves rows against the reference data as it stands at `now` (UTC, naive)."""

    def __init__(self, reference: Reference, now: datetime) -> None:
        self.reference = reference
        self.now = now

    def event(self, row: Row, key: tuple[str, ...]) -> Event:
        """The row as an event; raises Waiting or Refused."""
        assert row.at is not None
        rough = row.at.local - timedelta(minutes=row.at.offset_minutes or 0)  # good enough to choose a version by
        location = self._location(row.fields.get("location_code"), row.fields.get("location_code_kind", "own"), rough)
        to_location = self._location(row.fields.get("to_location_code"), "own", rough)
        channel = self._channel(row, rough)
        supplier = row.fields.get("supplier_code")
        if supplier and self.reference.row("suppliers", (supplier,), rough) is None:
            raise Waiting("unknown_supplier")
        at, day = self._when(row, location, channel, rough)
        kind = row.fields["event_kind"]
        named = self._parts(row, at) if row.feed != "rfid" and kind not in _NO_ITEM else []
        inner = [component for item, _ in named for component, _ in self.reference.bom(item, at)] if kind in _NEEDS_BILL else []
        names = {self.reference.became(item): item for item in [*inner, *(item for item, _ in named)]}
        parts = [(self.reference.became(item), units) for item, units in named]
        return Event(
            row,
            row.feed,
            kind,
            row.fields.get("source_event_id") or _number_of_count(row),
            at,
            day,
            row.known_at,
            location,
            to_location,
            channel,
            supplier,
            {"self": ""}.get(row.fields.get("owner_code", ""), row.fields.get("owner_code", "")),
            row.fields.get("lot_code", ""),
            parts,
            row.fields,
            key,
            names,
        )

    def _location(self, code: str | None, kind: str, at: datetime) -> str | None:
        if code is None:
            return None
        if kind == "own":
            if self.reference.row("locations", (code,), at) is None:
                raise Waiting("unknown_location")
            return code
        gln = code if kind == "gln" else epcis.gln_of(code)
        for fields in self.reference.rows("locations", at):
            if fields.get("gln") == gln:
                return fields["location_code"]
        raise Waiting("unknown_location")

    def _channel(self, row: Row, at: datetime) -> str | None:
        code = row.fields.get("channel_code") or ("store" if row.feed == "pos" else None)
        if code not in (None, "store") and self.reference.row("channels", (str(code),), at) is None:
            raise Waiting("unknown_channel")
        return code

    def _when(self, row: Row, location: str | None, channel: str | None, rough: datetime) -> tuple[datetime, str]:
        """The instant in UTC, and the trading day: as stated, else in the zone of the place (of an order: of its channel)."""
        assert row.at is not None
        place = self.reference.row("locations", (location,), rough) if location else None
        shop = self.reference.row("channels", (channel,), rough) if channel else None
        source = self.reference.row("sources", (row.source_system,), rough)
        supplier = row.fields.get("supplier_code")
        sender = self.reference.row("suppliers", (str(supplier),), rough) if supplier else None
        zones = [fields.get("time_zone") for fields in (place, shop, source, sender) if fields]
        zone = next((z for z in zones if z), None)
        if row.at.offset_minutes is not None:
            at = row.at.local - timedelta(minutes=row.at.offset_minutes)
        elif zone is None:
            raise Waiting("zone_unknown")
        else:
            at = row.at.local.replace(tzinfo=_zone(zone)).astimezone(UTC).replace(tzinfo=None)
        if at > row.known_at + timedelta(days=1) and at > self.now:
            raise Waiting("future_time")
        if row.feed == "marketplace":
            zone = shop.get("time_zone") if shop else None
        local_day = at.replace(tzinfo=UTC).astimezone(_zone(zone)).date().isoformat() if zone else row.at.day
        stated = row.fields.get("business_on") if row.feed == "pos" else None
        ahead = (date.fromisoformat(stated) - date.fromisoformat(local_day)).days if stated else 0
        if ahead > _FAR_DAYS or (ahead < -_FAR_DAYS and row.fields.get("event_kind") != "sale_void"):
            raise Waiting("business_day_far")
        return at, stated or local_day

    def _parts(self, row: Row, at: datetime) -> list[tuple[str, int]]:
        item, implied = self._item(row, at)
        fields = self.reference.row("items", (item,), at)
        if fields is None:
            raise Waiting("unknown_item")
        base = fields.get("base_uom_code")
        said = row.fields.get("uom_code")
        if said and implied and said != implied:
            raise Refused("unit_conflict")
        units = self._base_units(item, said or implied, base, row.quantity, at)
        if abs(units) > (_MOST_AT_A_TILL if row.feed == "pos" else _MOST):
            raise Waiting("absurd_quantity")
        is_bundle = fields.get("item_kind") == "bundle"
        if not is_bundle and row.fields["event_kind"] not in _NEEDS_BILL:
            return [(item, units)]
        bill = self.reference.bom(item, at)
        if not bill:
            raise Waiting("kit_without_bom")
        if any(self.reference.row("items", (component,), at) is None for component, _ in bill):
            raise Waiting("unknown_item")
        return [(component, each * units) for component, each in bill] if is_bundle else [(item, units)]

    def _item(self, row: Row, at: datetime) -> tuple[str, str | None]:
        """The item's own code, and the unit that its code implies (of a GTIN: its own)."""
        code, kind = row.fields["item_code"], row.fields.get("item_code_kind", "sku")
        if kind == "sku":
            return code, None
        found = self.reference.of_gtin(code.zfill(14) if kind == "gtin" else epcis.gtin_of(code) if kind == "epc" else None, at)
        if found is None:
            raise Waiting("unknown_item")
        return found

    def _base_units(self, item: str, unit: str | None, base: str | None, quantity: Decimal, at: datetime) -> int:
        """Whole base units; there is no factor 1 for an unknown unit, and no rounding."""
        exact = quantity
        if unit is not None and unit != base:
            rule = self.reference.row("uoms", (item, unit), at) or self.reference.row("uoms", ("*", unit), at)
            if rule is None:
                raise Waiting("unknown_uom")
            exact = quantity * Decimal(rule["numerator"]) / Decimal(rule["denominator"])
        if exact != exact.to_integral_value():
            raise Refused("fractional_quantity")
        return int(exact)


def _number_of_count(row: Row) -> str:
    """What ranks joint counts of one instant that have no number of their own."""
    is_count = row.fields["event_kind"] == "consignment_joint_count"
    return f"{row.fields['document_id']}:{row.fields['document_line']}" if is_count else ""


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Waiting("zone_unknown") from None
