"""Deliveries and units of what a source brings: each content is taken once, and a retry cuts it as the first time did.

Belongs here: what is the same for every source once its bytes have been surveyed. Does not belong here: how it finds them.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Final

from pipelines.feeds.registry import REFERENCE
from pipelines.ingest.sources.source import Found
from pipelines.ingest.surveyed import Range, Survey
from pipelines.ingest.unit import Content, WorkUnit
from pipelines.spool import Delivery, Spool, UnitRange, delivery_id_of, unit_id_of

log = logging.getLogger("parstock.ingest")
_NOTHING: Final = (Range(0, 0, 1, 0),)
"""The one unit of a delivery without rows."""


@dataclasses.dataclass(frozen=True, slots=True)
class Arrival:
    """What came, before anybody looked into it: `source_uri` names it among all that its source ever brings.

    `entity` is that of a reference file, null for other feeds.
    """

    feed: str
    source_system: str
    source_uri: str
    entity: str | None = None


class Intake:
    """Makes the deliveries and units of one source. The spool is all it remembers from one process to the next."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._seen: set[str] = set()
        self._former: dict[tuple[str, str, str | None], list[Delivery]] | None = None

    def take(self, found: Found, arrival: Arrival, surveyed: Survey, content: Content, known_at: str) -> Delivery:
        """Add to `found` the delivery that this content is, and its units that have not been given out before; returns the delivery."""
        delivery, is_new = self._delivery(arrival, surveyed, known_at)
        found.deliveries.append(delivery.delivery_id)
        if is_new:
            found.new_deliveries.append(delivery.delivery_id)
            if surveyed.left_out:
                found.left_out[arrival.source_uri] = surveyed.left_out
                log.info("%s: %d rows left out, as its mapping says", arrival.source_uri, surveyed.left_out)
        how, last = dataclasses.replace(surveyed.how, is_cut=False), delivery.ranges[-1]
        origin = delivery.origin
        for one in delivery.ranges:  # not the survey's ranges: a retry cuts as the first time did
            if one.unit_id in self._seen:
                continue
            self._seen.add(one.unit_id)
            if self._spool.has_manifest(one.unit_id):
                found.parsed.append(one.unit_id)
            else:
                found.units.append(WorkUnit(origin, one, surveyed.how if one is last else how, content))
        return delivery

    def _delivery(self, arrival: Arrival, surveyed: Survey, known_at: str) -> tuple[Delivery, bool]:
        """The delivery that this content is: the one there is already, else a new one, written."""
        uri, content, reading = arrival.source_uri, surveyed.content_sha256, surveyed.how.reading
        occurrence = sequence = 0
        if arrival.feed == REFERENCE or reading:  # what was once read as something is read as something ever after
            earlier = self._deliveries_of(arrival.feed, uri, arrival.entity)
            if arrival.feed != REFERENCE:
                earlier = [one for one in earlier if one.content_sha256 == content]
            if earlier and (earlier[-1].content_sha256, earlier[-1].reading) == (content, reading):
                return earlier[-1], False
            returns = (one for one in earlier if one.content_sha256 == content and (arrival.feed == REFERENCE or one.reading == reading))
            occurrence, sequence = sum(1 for _ in returns), len(earlier)
        delivery_id = delivery_id_of(arrival.feed, uri, content, occurrence, reading)
        try:
            return self._spool.read_delivery(delivery_id), False
        except FileNotFoundError:
            pass
        ranges = [
            UnitRange(unit_id_of(delivery_id, one.start, one.end), one.start, one.end, one.first_line, one.rows)
            for one in surveyed.ranges or _NOTHING
        ]
        mapping = surveyed.how.mapping
        delivery = Delivery(
            delivery_id=delivery_id,
            feed=arrival.feed,
            source_system=arrival.source_system,
            source_uri=uri,
            content_sha256=content,
            bytes=surveyed.size,
            rows_in=surveyed.rows,
            first_known_at=known_at,
            units=[one.unit_id for one in ranges],
            ranges=ranges,
            entity=arrival.entity,
            sequence=sequence,
            reading=reading,
            mapping=mapping.to_text() if mapping else "",
            left_out=surveyed.left_out,
        )
        delivery = self._spool.write_delivery(delivery)
        if self._former is not None:
            self._deliveries_of(arrival.feed, uri, arrival.entity).append(delivery)
        return delivery, True

    def _deliveries_of(self, feed: str, uri: str, entity: str | None) -> list[Delivery]:
        """Deliveries of a path, of an entity, in their order; read from the spool once."""
        if self._former is None:
            self._former = {}
            for delivery in self._spool.read_deliveries():
                self._former.setdefault((delivery.feed, delivery.source_uri, delivery.entity), []).append(delivery)
            for deliveries in self._former.values():
                deliveries.sort(key=lambda one: (one.sequence, one.first_known_at))
        return self._former.setdefault((feed, uri, entity), [])
