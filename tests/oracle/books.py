"""The oracle's pen: movements into SQLite.

Belongs here: one movement and its reversal. Does not belong here: which event moves what (`post`, `receipts`).
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final

from oracle.resolve import Event, Reference

VIRTUAL: Final = ("SUPPLIER", "CUSTOMER", "TRANSIT", "ADJUSTMENT", "OPENING", "SCRAP", "DONATION", "KITTING")

_INSERT: Final = """insert into movements (event, kind, item, named, from_location, from_state, to_location, to_state, owner, lot, units,
    occurred_at, business_on, reverses, document_kind, document_id, document_line, transit_to, channel)
    values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""

Place = tuple[str, str | None]
Document = tuple[str | None, str | None, str | None]


class Books:
    """Writes movements into SQLite."""

    def __init__(self, con: sqlite3.Connection, reference: Reference) -> None:
        self.con = con
        self.reference = reference
        self._taken_back: dict[int, int] = {}

    def move(
        self,
        event: Event,
        item: str,
        units: int,
        start: Place,
        end: Place,
        *,
        lot: str | None = None,
        document: Document | None = None,
        transit_to: str | None = None,
        owner: str | None = None,
        named: str | None = None,
    ) -> None:
        """One movement; fewer than 0 units go the other way, 0 units go nowhere, and a service is never stocked."""
        if units == 0 or (self.reference.row("items", (item,), event.at) or {}).get("item_kind") == "service":
            return
        if units < 0:
            start, end, units = end, start, -units
        kind, number, line = document or (event.get("document_kind"), event.get("document_id"), event.get("document_line"))
        lot = event.lot if lot is None else lot
        self.con.execute(
            _INSERT,
            (
                "/".join(event.key),
                event.kind,
                item,
                named or event.names.get(item, item),
                *start,
                *end,
                event.owner if owner is None else owner,
                lot,
                units,
                stamp(event.at),
                event.day,
                None,
                kind,
                number,
                line,
                transit_to,
                event.channel,
            ),
        )

    def place(self, event: Event, token: str) -> Place:
        """A token of the table of plain movements as a place."""
        if token.isupper() and token not in ("FROM", "TO"):
            return token, None
        assert event.location is not None
        if token in ("FROM", "TO"):
            named = event.get("stock_state" if token == "FROM" else "to_stock_state")
            token = named or self.reference.default_state(event.location, event.at)
        return event.location, token

    def reverse(self, void: Event, target: Event) -> None:
        """What the void says of what the target posted, the other way round, at the time of the void; picked goods last."""
        rows = self.con.execute(
            "select * from movements where event = ? and reverses is null order by from_state = 'allocated_picked', no",
            ("/".join(target.key),),
        ).fetchall()
        left: dict[str, int] = {}
        for item, units in void.parts:
            left[item] = left.get(item, 0) + units
        for row in rows:
            units = min(left.get(row["item"], 0), row["units"] - self._taken_back.get(row["no"], 0))
            if not units:
                continue
            left[row["item"]] -= units
            self._taken_back[row["no"]] = self._taken_back.get(row["no"], 0) + units
            self.con.execute(
                _INSERT,
                (
                    "/".join(void.key),
                    row["kind"],
                    row["item"],
                    row["named"],
                    row["to_location"],
                    row["to_state"],
                    row["from_location"],
                    row["from_state"],
                    row["owner"],
                    row["lot"],
                    units,
                    stamp(void.at),
                    void.day,
                    row["no"],
                    row["document_kind"],
                    row["document_id"],
                    row["document_line"],
                    row["transit_to"],
                    row["channel"],
                ),
            )


def stamp(at: datetime) -> str:
    """An instant as text that sorts."""
    return at.isoformat(timespec="microseconds")


def by_time(event: Event) -> tuple[object, ...]:
    """Oldest first; at one instant by the sender's number."""
    return (event.at, event.number, event.key)
