"""A home in a temporary folder, fed line by line without Beam; what the warehouse's tests stand on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines import stages
from pipelines.settings import Home

KNOWN_AT = datetime(2026, 4, 1, 12, tzinfo=UTC)

REFERENCE = {
    "items": "item_code,item_name,item_kind,base_uom_code\nTEE,T-shirt,stock,EA\nMUG,Mug,stock,EA\nDUO,Shirt and two mugs,bundle,EA\n",
    "uoms": "item_code,uom_code,numerator,denominator\nMUG,CS,6,1\n",
    "locations": "location_code,location_name,location_kind,time_zone\nDC,Warehouse,dc,Europe/Paris\nPAR,Shop,store,Europe/Paris\n",
    "bom": "kit_item_code,component_item_code,component_units\nDUO,TEE,1\nDUO,MUG,2\n",
    "channels": "channel_code,channel_name,channel_kind,time_zone\nweb,Web,web,Europe/Paris\namz,Marketplace,marketplace,Europe/Paris\n",
    "suppliers": "supplier_code,supplier_name,supplier_kind\nSUP,Supplier,manufacturer\n",
}


class SmallHome:
    """Deliveries one after another, each known an hour after the last."""

    def __init__(self, folder: Path, *, reference: bool = True) -> None:
        self.home = Home(folder / "home").make()
        self._folder = folder
        self._count = 0
        if reference:
            self.deliver(**{f"reference/{name}.csv": text for name, text in REFERENCE.items()})

    def deliver(self, *, hours_later: int | None = None, **files: str | list[dict[str, Any]]) -> datetime:
        """One scan of a landing folder with these files (path: text, or rows as JSON Lines); returns when it was known."""
        self._count += 1
        landing = self._folder / f"landing-{self._count}"
        for name, content in files.items():
            path = landing / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else "".join(json.dumps(row) + "\n" for row in content))
        known_at = KNOWN_AT + timedelta(hours=self._count if hours_later is None else hours_later)
        stages.ingest(self.home, landing, clock=lambda: known_at, engine="direct")
        return known_at

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """A question to the ledger's files: tables by name, and `on_hand` (item, place, state, units), `legs`."""
        with duckdb.connect() as con:
            con.execute("set timezone = 'UTC'")
            for name, table in self.current["tables"].items():
                files = ", ".join(f"'{self.home.ledger / file['path']}'" for file in table["files"])
                con.execute(f'create view "{name}" as from read_parquet([{files}], union_by_name = true)')
            con.execute("""
                create view legs as
                select *, from_location_id as location_id, from_stock_state as state, -units as delta from movements
                union all select *, to_location_id, to_stock_state, units from movements;
                create view codes as
                select l.*, i.item_code as item, p.location_code as place, p.is_virtual from legs l
                join (select distinct item_id, item_code from items) i using (item_id)
                join (select distinct location_id, location_code, is_virtual from locations) p using (location_id);
                create view on_hand as
                select item, place, state, sum(delta)::BIGINT as units from codes where not is_virtual group by all having units <> 0""")
            return con.execute(query, list(values)).fetchall()

    @property
    def current(self) -> dict[str, Any]:
        """What `ledger/current.json` says."""
        content: dict[str, Any] = json.loads((self.home.ledger / "current.json").read_text())
        return content

    def on_hand(self) -> dict[tuple[str, str, str], int]:
        """(item, place, state) → units, places without any left out."""
        return {(item, place, state): units for item, place, state, units in self.rows("from on_hand")}

    def counted(self, uri: str) -> tuple[int, ...]:
        """rows_in, accepted, duplicate, corrected, quarantined of a delivery's path, its last content."""
        return self.rows(
            """select sum(rows_in)::INT, sum(accepted)::INT, sum(duplicate)::INT, sum(corrected)::INT, sum(quarantined)::INT
            from deliveries where source_uri = ? group by delivery_id order by min(first_known_at) desc limit 1""", uri,
        )[0]  # fmt: skip

    def set_aside(self) -> list[tuple[str, int, str]]:
        """(reason, line, payload's item) of what is in quarantine."""
        return self.rows("select reason_code, line_no::INT, count(*)::INT from quarantine group by all having sum(sign) > 0 order by all")


def wms(number: str, kind: str, at: str, place: str, item: str, units: int, **more: Any) -> dict[str, Any]:
    """A warehouse line; `at` is local to Paris in winter."""
    return {
        "event_kind": kind, "source_event_id": number, "location_code": place, "occurred_at": f"{at}+01:00", "item_code": item, "quantity": units, **more,
    }  # fmt: skip


def pos(ticket: str, line: int, kind: str, at: str, item: str, units: int, **more: Any) -> dict[str, Any]:
    """A till's line at the shop PAR."""
    return {
        "event_kind": kind, "location_code": "PAR", "register_no": "1", "document_id": ticket, "document_line": line, "occurred_at": f"{at}+01:00",
        "item_code": item, "quantity": units, **more,
    }  # fmt: skip


def homes(folder: Path) -> Iterator[SmallHome]:
    """Homes side by side."""
    number = 0
    while True:
        number += 1
        yield SmallHome(folder / str(number))
