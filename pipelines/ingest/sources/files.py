"""The landing folders: which files are whole, which of them are new, and the units of work they make.

`DIR/<feed>/**` is looked at; the first folder under a feed names the source system (`DIR/pos/till-north/a.jsonl`),
without one it is called like the feed. Files whose names begin with `.` or end in `.part` or `.tmp` are never taken, and
`mapping.toml` says how the tables beside and below it are read.
Nothing in the folders is ever moved, changed or deleted, and links are not followed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from pipelines.errors import UserError
from pipelines.feeds.adapters.registry import check_format
from pipelines.feeds.parse import place_of
from pipelines.feeds.registry import FEED_NAMES, REFERENCE, check_feed_name
from pipelines.ingest.blocks import FileRefused
from pipelines.ingest.sources.candidates import Candidate, marks_of, walk
from pipelines.ingest.sources.mappings import MAPPING_FILE, BeingWritten, Mappings, Reading, one_line
from pipelines.ingest.stage import WorkUnit
from pipelines.ingest.survey import survey
from pipelines.ingest.surveyed import Range, Survey
from pipelines.settings import Settings
from pipelines.spool import Delivery, Spool, UnitRange, delivery_id_of, unit_id_of
from pipelines.spool.records import instant_text

Clock = datetime | Callable[[], datetime]
log = logging.getLogger("parstock.ingest")


def now_of(clock: Clock) -> datetime:
    """The clock's present, an aware instant."""
    now = clock() if callable(clock) else clock
    if now.tzinfo is None:
        raise ValueError("the clock must give instants with a zone")
    return now


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What one look at the folders brought: units to parse, new deliveries, all deliveries seen, and what must wait.

    `left_out` are rows of new deliveries that a mapping says are none, by path.
    """

    units: list[WorkUnit] = dataclasses.field(default_factory=list)
    new_deliveries: list[str] = dataclasses.field(default_factory=list)
    deliveries: list[str] = dataclasses.field(default_factory=list)
    waiting: list[str] = dataclasses.field(default_factory=list)
    unreadable: list[str] = dataclasses.field(default_factory=list)
    left_out: dict[str, int] = dataclasses.field(default_factory=dict)


class Landing:
    """The landing folders of one root. `poll` may be called again and again; it returns each unit once.

    `adapter` names the vendor's document that every file is to be read as, or a mapping (`FILE.toml`) for the tables of its
    feed; a file that was once read as such stays so.
    """

    def __init__(
        self, root: Path, spool: Spool, settings: Settings, feeds: Iterable[str] | None = None, adapter: str | None = None
    ) -> None:
        self._root = root
        self._spool = spool
        self._settings = settings
        self._feeds = tuple(check_feed_name(name) for name in feeds) if feeds else FEED_NAMES
        self._taken: dict[str, tuple[tuple[int, int, int, int], str]] = {}
        self._still: dict[str, tuple[tuple[int, int, int, int], float]] = {}
        self._emitted: set[str] = set()
        self._reference: dict[str, list[Delivery]] | None = None
        named = Path(adapter) if adapter and adapter.lower().endswith(".toml") else None
        self._adapter = check_format(adapter) if adapter and named is None else None
        self._mappings = Mappings(self._is_still, named)
        self._readings: dict[str, Reading] | None = None

    def poll(self, clock: Clock) -> Found:
        """Look at the folders once. All files first seen in this look share one `known_at`, taken from the clock when one is found."""
        found = Found()
        found.unreadable.extend(self._strangers())
        known_at: str | None = None
        still: list[Candidate] = []
        lying = list(self._candidates())
        troubles = self._mappings.look(one for one in lying if one.parts[-1] == MAPPING_FILE)
        held: Counter[str] = Counter()
        for candidate in lying:
            if candidate.parts[-1] == MAPPING_FILE:
                continue
            try:
                reading = self._reading(candidate)
            except UserError as error:
                held[one_line(error)] += 1
                continue
            except BeingWritten:
                found.waiting.append(candidate.source_uri)
                continue
            if self._taken.get(candidate.path) == (candidate.marks, reading.name):
                continue
            if self._is_still(candidate):
                still.append(candidate)
            else:
                found.waiting.append(candidate.source_uri)
        found.unreadable.extend(f"{trouble}; files that wait for it: {held[trouble]}" for trouble in troubles)
        for candidate, surveyed in zip(still, self._surveys(still), strict=True):
            if isinstance(surveyed, FileNotFoundError):
                continue
            if isinstance(surveyed, OSError):
                found.unreadable.append(f"{candidate.source_uri}: {surveyed.strerror}")
                continue
            if surveyed is None:
                found.waiting.append(candidate.source_uri)
                continue
            known_at = known_at or instant_text(now_of(clock))
            delivery, is_new = self._delivery(candidate, surveyed, known_at)
            self._taken[candidate.path] = (candidate.marks, delivery.reading)
            self._still.pop(candidate.path, None)
            found.deliveries.append(delivery.delivery_id)
            if is_new:
                found.new_deliveries.append(delivery.delivery_id)
                if surveyed.left_out:
                    found.left_out[candidate.source_uri] = surveyed.left_out
                    log.info("%s: %d rows left out, as its mapping says", candidate.source_uri, surveyed.left_out)
            found.units.extend(self._units(candidate, surveyed, delivery))
        return found

    # ---- which files ---------------------------------------------------------------------------------------

    def _candidates(self) -> Iterator[Candidate]:
        """Files of the feeds in a fixed order, reference data first."""
        for feed in sorted(self._feeds, key=lambda name: (name != REFERENCE, name)):
            yield from sorted(walk(feed, str(self._root / feed), ()), key=lambda one: one.parts)

    def _strangers(self) -> list[str]:
        """What lies in the root and belongs to no feed."""
        if set(self._feeds) != set(FEED_NAMES):
            return []
        names = sorted(entry.name for entry in os.scandir(self._root) if entry.name not in FEED_NAMES and not entry.name.startswith("."))
        return [f"{os.fsencode(name).decode('utf-8', 'backslashreplace')}: no feed is called so" for name in names]

    def _is_still(self, candidate: Candidate) -> bool:
        """Whether size and times have been unchanged for long enough, by the file's own time or by our watching."""
        quiet = self._settings.settle_seconds
        if 0 <= quiet <= time.time() - candidate.modified_at:
            return True
        marks, since = self._still.get(candidate.path, (None, 0.0))
        if marks != candidate.marks:
            self._still[candidate.path] = (candidate.marks, time.monotonic())
            return False
        return time.monotonic() - since >= quiet

    def _surveys(self, candidates: list[Candidate]) -> Iterable[Survey | OSError | None]:
        """The first pass over each file, in their order; over big ones side by side, for nothing can be parsed before."""

        def one(candidate: Candidate) -> Survey | OSError | None:
            try:
                return self._survey(candidate)
            except OSError as error:
                return error

        if len(candidates) < 2 or sum(candidate.marks[0] for candidate in candidates) < self._settings.unit_bytes:
            return map(one, candidates)
        with ThreadPoolExecutor(self._settings.parse_threads) as pool:
            return list(pool.map(one, candidates))

    def _survey(self, candidate: Candidate) -> Survey | None:
        """The first pass; null when the file changed meanwhile."""
        if not stat.S_ISREG(candidate.mode):
            digest = hashlib.sha256(b"not a regular file").hexdigest()
            return Survey(digest, 0, candidate.marks[1], "none", False, (Range(0, 0, 0, 1),), refusal="not_a_regular_file")
        reading = self._reading(candidate)
        try:
            surveyed = survey(
                candidate.path, candidate.feed, candidate.entity, self._settings.unit_bytes,
                place_of(candidate.feed, candidate.source_system), reading.adapter, reading.mapping,
            )  # fmt: skip
        except FileRefused:
            return None
        return surveyed if marks_of(os.lstat(candidate.path)) == candidate.marks else None

    # ---- deliveries ----------------------------------------------------------------------------------------

    def _delivery(self, candidate: Candidate, surveyed: Survey, known_at: str) -> tuple[Delivery, bool]:
        """The delivery that this content is: the one there is already, else a new one, written."""
        uri, content = candidate.source_uri, surveyed.content_sha256
        occurrence = sequence = 0
        reading = self._reading(candidate)
        if candidate.feed == REFERENCE:
            earlier = self._reference_deliveries().setdefault(uri, [])
            if earlier and (earlier[-1].content_sha256, earlier[-1].reading) == (content, reading.name):
                return earlier[-1], False
            occurrence, sequence = sum(1 for one in earlier if one.content_sha256 == content), len(earlier)
        delivery_id = delivery_id_of(candidate.feed, uri, content, occurrence, reading.name)
        try:
            return self._spool.read_delivery(delivery_id), False
        except FileNotFoundError:
            pass
        ranges = [
            UnitRange(unit_id_of(delivery_id, one.start, one.end), one.start, one.end, one.first_line, one.rows)
            for one in surveyed.ranges or (Range(0, 0, 1, 0),)
        ]
        delivery = Delivery(
            delivery_id=delivery_id,
            feed=candidate.feed,
            source_system=candidate.source_system,
            source_uri=uri,
            content_sha256=content,
            bytes=surveyed.size,
            rows_in=surveyed.rows,
            first_known_at=known_at,
            units=[one.unit_id for one in ranges],
            ranges=ranges,
            entity=candidate.entity,
            sequence=sequence,
            reading=reading.name,
            mapping=reading.mapping.to_text() if reading.mapping else "",
            left_out=surveyed.left_out,
        )
        delivery = self._spool.write_delivery(delivery)
        if candidate.feed == REFERENCE:
            self._reference_deliveries()[uri].append(delivery)
        return delivery, True

    def _reading(self, candidate: Candidate) -> Reading:
        """What a file is to be read as: as somebody says now, else as it was read before; nameless when it speaks for itself.

        Raises UserError where its mapping cannot be used, BeingWritten where that is not still.
        """
        if self._readings is None:
            known = sorted(
                (one for one in self._spool.read_deliveries() if one.reading), key=lambda one: (one.first_known_at, one.sequence)
            )
            self._readings = {one.source_uri: Reading.of(one) for one in known}
        said = self._mappings.of(candidate)
        if said is None and self._adapter and candidate.feed != REFERENCE:
            said = Reading(self._adapter, self._adapter)
        if said is None:
            return self._readings.get(candidate.source_uri, Reading())
        self._readings[candidate.source_uri] = said
        return said

    def _reference_deliveries(self) -> dict[str, list[Delivery]]:
        """Deliveries of each reference path in their order; read from the spool once."""
        if self._reference is None:
            self._reference = {}
            for delivery in self._spool.read_deliveries():
                if delivery.feed == REFERENCE:
                    self._reference.setdefault(delivery.source_uri, []).append(delivery)
            for deliveries in self._reference.values():
                deliveries.sort(key=lambda one: one.sequence)
        return self._reference

    def _units(self, candidate: Candidate, surveyed: Survey, delivery: Delivery) -> Iterator[WorkUnit]:
        """Units of a delivery that have no manifest yet. Their ranges are the delivery's: a retry cuts as the first time did."""
        for number, one in enumerate(delivery.ranges, 1):
            if one.unit_id in self._emitted or self._spool.has_manifest(one.unit_id):
                continue
            self._emitted.add(one.unit_id)
            yield WorkUnit(
                unit_id=one.unit_id,
                delivery_id=delivery.delivery_id,
                feed=delivery.feed,
                entity=delivery.entity,
                source_system=delivery.source_system,
                source_uri=delivery.source_uri,
                path=candidate.path,
                known_at=delivery.first_known_at,
                content_sha256=delivery.content_sha256,
                units_in_delivery=len(delivery.ranges),
                start=one.start,
                end=one.end,
                first_line=one.first_line,
                rows=one.rows,
                form=surveyed.form,
                is_packed=surveyed.is_packed,
                header=surveyed.header,
                refusal=surveyed.refusal,
                detail=surveyed.detail,
                is_cut=surveyed.is_cut and number == len(delivery.ranges),
                size=surveyed.size,
                mtime_ns=surveyed.mtime_ns,
                sequence=delivery.sequence,
                adapter=None if delivery.mapping else delivery.reading or None,
                mapping=delivery.mapping or None,
            )
