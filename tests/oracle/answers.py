"""What the tables of the product must say, by SQL over the oracle's movements and facts.

Belongs here: asking `views.sql`. Every answer is keyed by codes, in base units.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import datetime
from pathlib import Path

from oracle import post as posting
from oracle.identity import settle
from oracle.read import Delivery, landing
from oracle.resolve import Reference, Resolver

_HERE = Path(__file__).parent
_ON_HAND = """select item, location, state, owner, lot, sum(delta) from legs
    where state is not null and occurred_at <= ? group by 1, 2, 3, 4, 5 having sum(delta) <> 0"""
_ACCOUNTING = """select uri, count(*), sum(status = 'accepted'), sum(status = 'duplicate'), sum(status = 'corrected'),
    sum(status = 'quarantined')
    from fates group by 1"""


@dataclasses.dataclass
class World:
    """What a set of deliveries means. All answers are in base units, by code."""

    con: sqlite3.Connection
    reference: Reference

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Any question in SQL, rows as plain tuples."""
        return [tuple(row) for row in self.con.execute(query, values)]

    def on_hand(self, at: datetime | None = None) -> dict[tuple[str, str, str, str, str], int]:
        """(item, location, state, owner, lot) → units at an instant (default: after everything); physical places, 0 left out."""
        limit = posting.stamp(at) if at else "9999"
        return {(r[0], r[1], r[2], r[3], r[4]): r[5] for r in self.con.execute(_ON_HAND, (limit,))}

    def accounting(self) -> dict[str, tuple[int, ...]]:
        """uri → rows_in, accepted, duplicate, corrected, quarantined (several contents of one path together)."""
        return {r[0]: tuple(r[1:]) for r in self.con.execute(_ACCOUNTING)}

    def quarantine(self) -> list[tuple[str, int, str, bool]]:
        """(uri, line, reason, is it waiting) of every row that is set aside."""
        found = self.con.execute("select uri, line_no, reason, is_waiting from fates where status = 'quarantined'")
        return [(r[0], r[1], r[2].split(":")[0], bool(r[3])) for r in found]

    def demand(self) -> dict[tuple[str, str, str, str], int]:
        """(item, location, channel, day) → gross units."""
        return {
            (r[0], r[1], r[2], r[3]): r[4]
            for r in self.con.execute("select item, location, channel, business_on, units from demand where units <> 0")
        }

    def in_transit(self) -> dict[tuple[str, str, str, str], int]:
        """(item, document kind, document, line) → units sent and not received."""
        found: dict[tuple[str, str, str, str], int] = {}
        for item, kind, number, line, units in self.con.execute(
            "select item, document_kind, document_id, document_line, units from in_transit"
        ):
            found[item, kind, number, line] = found.get((item, kind, number, line), 0) + units
        return {key: units for key, units in found.items() if units}

    def availability(self) -> dict[tuple[str, str], int]:
        """(item, channel) → units that can be sold, over the channel's places, without buffers."""
        return {(r[0], r[1]): r[2] for r in self.con.execute("select item, channel, units from availability")}

    def position(self) -> dict[tuple[str, str], int]:
        """(item, location) → what can be sold + what is still to come − what is promised."""
        return {(r[0], r[1]): r[2] for r in self.con.execute("select item, location, units from positions")}


def world(deliveries: list[Delivery], now: datetime | None = None) -> World:
    """Recompute everything from deliveries in the order of their sighting; `now` is the clock (default: the newest known_at)."""
    ordered = sorted(deliveries, key=lambda d: d.known_at)
    reference = Reference(ordered)
    now = now or max((d.known_at for d in ordered), default=datetime(2000, 1, 1))
    settled = settle(ordered, Resolver(reference, now))
    con = sqlite3.connect(":memory:")
    con.row_factory = sqlite3.Row
    for script in ("schema.sql", "views.sql"):
        con.executescript((_HERE / script).read_text(encoding="utf-8"))
    posting.post(con, reference, settled)
    places = [(f["location_code"], f.get("location_kind")) for f in reference.rows("locations", now)]
    con.executemany("insert into locations values (?, ?)", places)
    channels = {"store"} | {key[0] for key in reference.versions["channels"]}
    con.executemany("insert into networks values (?, ?)", [(c, place) for c in sorted(channels) for place in reference.network(c, now)])
    con.executemany("insert into deliveries values (?, ?, ?)", [(d.uri, d.feed, len(d.rows)) for d in ordered])
    fates = [(f.row, f.status, f.reason, f.is_waiting) for f in settled.fates]
    fates += [(row, status, reason, False) for row, status, reason in reference.fates]
    written = [(row.uri, row.feed, row.line_no, status, reason, waits) for row, status, reason, waits in fates]
    con.executemany("insert into fates values (?, ?, ?, ?, ?, ?)", written)
    return World(con, reference)


def world_of(root: Path, known_at: datetime) -> World:
    """A whole landing folder, seen at once."""
    return world(landing(root, known_at))
