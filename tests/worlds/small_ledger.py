"""Small ledgers written by hand, in the form that the owner hands on: rows in view, Parquet and current.json on disk.

Belongs here: what the tests of the dbt project need to say `this happened` in one line each. Ids are the codes' numbers
in `Names`; whatever a row leaves out is null, or what a plain row of its table has.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from pathlib import Path
from typing import Any

from tests.worlds.ledger_files import Row, write_ledger_files

VIRTUAL = ("SUPPLIER", "CUSTOMER", "TRANSIT", "ADJUSTMENT", "OPENING", "SCRAP", "DONATION", "KITTING")


def number(code: str) -> int:
    """The id of a code: the same on every run."""
    return int(hashlib.sha256(code.encode()).hexdigest()[:12], 16)


class SmallLedger:
    """A home's ledger, commit by commit: `add` rows, then `commit` them; `current.json` names them all."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.commit_id = 0
        self.pending: dict[str, list[Row]] = {}
        self.newest = self.newest_known = "1970-01-01T00:00:00+00:00"
        self._numbers = 0
        for folder in ("ledger", "warehouse", "run"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        for code in VIRTUAL:
            self.location(code, location_kind=code.lower(), is_virtual=True, time_zone=None)
        self.channel("store", channel_kind="store")

    def add(self, table: str, **row: Any) -> None:
        """A row of a ledger table, to be committed. A delivery is known at its `first_known_at`, whatever was in it."""
        if table == "deliveries" and row.get("first_known_at"):
            self.newest_known = max(self.newest_known, row["first_known_at"], key=dt.datetime.fromisoformat)
        self.pending.setdefault(table, []).append(row)

    def _reference(self, table: str, **row: Any) -> None:
        self.add(table, **{"known_at": "2026-01-01T00:00:00+00:00", "version_no": 1} | row)

    def item(self, code: str, **more: Any) -> None:
        """An item in pieces."""
        self._reference(
            "items", **{"item_id": number(code), "item_code": code, "item_name": code, "item_kind": "stock", "base_uom_code": "EA"} | more
        )

    def location(self, code: str, **more: Any) -> None:
        """A physical store in Paris, unless more is said."""
        row = {"location_id": number(code), "location_code": code, "location_name": code, "location_kind": "store", "is_virtual": False}
        self._reference("locations", **row | {"time_zone": "Europe/Paris"} | more)

    def channel(self, code: str, **more: Any) -> None:
        """A web channel, unless more is said."""
        self._reference(
            "channels", **{"channel_id": number(code), "channel_code": code, "channel_name": code, "channel_kind": "web"} | more
        )

    def supplier(self, code: str, **more: Any) -> None:
        """A supplier."""
        self._reference(
            "suppliers", **{"supplier_id": number(code), "supplier_code": code, "supplier_name": code, "supplier_kind": "maker"} | more
        )

    def network(self, channel: str, location: str, priority: int = 1) -> None:
        """A place that serves a channel."""
        self._reference(
            "networks",
            channel_id=number(channel),
            location_id=number(location),
            channel_code=channel,
            location_code=location,
            priority=priority,
        )

    def bom(self, kit: str, **components: int) -> None:
        """What a kit or bundle is made of: units of each component, whose code is written with `_` for `-`."""
        for component, units in components.items():
            code = component.replace("_", "-")
            self._reference("bom", kit_item_id=number(kit), component_item_id=number(code), kit_item_code=kit, component_item_code=code,
                            component_units=units)  # fmt: skip

    def terms(self, supplier: str, item: str, location: str | None = None, **more: Any) -> None:
        """A supplier's terms; without a location for all of them."""
        self._reference("terms", supplier_id=number(supplier), item_id=number(item), supplier_code=supplier, item_code=item,
                        location_id=number(location) if location else None, location_code=location or "*", **more)  # fmt: skip

    def move(self, kind: str, at: str, item: str, units: int, source: str, target: str, **more: Any) -> Row:
        """A movement from one place to another, `PLACE/state` or a virtual place; returns its row.

        `business_on` is the day as written in `at`, unless said otherwise.
        """
        (source_place, source_state), (target_place, target_state) = _place(source), _place(target)
        self._numbers += 1
        row = {
            "movement_id": self._numbers, "event_id": uuid.uuid5(uuid.NAMESPACE_OID, str(self._numbers)), "movement_kind": kind,
            "item_id": number(item), "from_location_id": number(source_place), "from_stock_state": source_state,
            "to_location_id": number(target_place), "to_stock_state": target_state, "owner_id": 0, "lot_code": "", "units": units,
            "occurred_at": at, "business_on": at[:10], "known_at": at, "source_feed": "wms", "is_reversal": False,
        } | more  # fmt: skip
        self.add("movements", **row)
        self.newest = max(self.newest, at, key=dt.datetime.fromisoformat)
        return row

    def sale(self, at: str, item: str, units: int, place: str, **more: Any) -> Row:
        """A sale at a till, from the shelf."""
        row = {
            "source_feed": "pos",
            "channel_id": number("store"),
            "document_kind": "ticket",
            "document_id": f"T{self._numbers}",
            "document_line": "1",
        }
        return self.move("sale", at, item, units, f"{place}/sellable_accessible", "CUSTOMER", **row | more)

    def reverse(self, row: Row, at: str | None = None, **more: Any) -> Row:
        """Take a movement back: its ends swapped, at its own time unless said otherwise."""
        self._numbers += 1
        ends = {
            "from_location_id": "to_location_id",
            "to_location_id": "from_location_id",
            "from_stock_state": "to_stock_state",
            "to_stock_state": "from_stock_state",
        }
        swapped = {column: row[ends.get(column, column)] for column in row}
        time = {"occurred_at": at, "known_at": at, "business_on": at[:10]} if at else {}
        reversal = swapped | {"movement_id": self._numbers, "is_reversal": True, "reverses_movement_id": row["movement_id"]} | time | more
        self.add("movements", **reversal)
        return reversal

    def event(self, kind: str, at: str, item: str | None, units: int | None, **more: Any) -> Row:
        """A document or an observation. Codes for place, channel and supplier are given as `location`, `channel`, `supplier`."""
        self._numbers += 1
        ids = {f"{name}_id": number(more.pop(name)) for name in ("location", "channel", "supplier") if more.get(name)}
        row = {
            "event_id": uuid.uuid5(uuid.NAMESPACE_OID, str(self._numbers)), "sub_no": 0, "sign": 1, "feed": "marketplace", "event_kind": kind,
            "source_revision": 0, "item_id": number(item) if item else None, "owner_id": 0, "units": units, "occurred_at": at,
            "business_on": at[:10], "known_at": at, "document_line": "1",
        } | ids | more  # fmt: skip
        self.add("events", **row)
        self.newest = max(self.newest, at, key=dt.datetime.fromisoformat)
        return row

    def unsay(self, row: Row) -> None:
        """The same event again with sign -1."""
        self.add("events", **row | {"sign": -1})

    def commit(self) -> int:
        """Write what was added as Parquet and name it in current.json; returns the commit."""
        self.commit_id += 1
        rows = {table: [one | {"commit_id": self.commit_id} for one in added] for table, added in self.pending.items()}
        self.pending = {}
        known = max(self.newest, self.newest_known, key=dt.datetime.fromisoformat)
        write_ledger_files(
            self.home / "ledger", f"{self.commit_id:06d}", rows, commit=self.commit_id, anew=self.commit_id == 1, ledger_hash=f"{self.commit_id:032x}",
            newest_known_at=known, newest_occurred_at=self.newest, written_at=self.newest,
        )  # fmt: skip
        return self.commit_id


def _place(text: str) -> tuple[str, str | None]:
    """`DC1/in_progress` as place and state; a virtual place has no state."""
    place, _, state = text.partition("/")
    return place, state or None
