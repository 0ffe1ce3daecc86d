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
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from pipelines.errors import UserError
from pipelines.feeds.adapters.registry import ADAPTER_BY_NAME, check_format
from pipelines.feeds.parse import How, place_of
from pipelines.feeds.reading.failing import is_of_the_machine, words_of
from pipelines.feeds.registry import FEED_NAMES, REFERENCE, check_feed_name
from pipelines.ingest.blocks import FileRefused
from pipelines.ingest.sources.candidates import Candidate, marks_of, walk
from pipelines.ingest.sources.content import FileContent
from pipelines.ingest.sources.intake import Arrival, Intake
from pipelines.ingest.sources.mappings import MAPPING_FILE, OPEN_END_TAKEN, BeingWritten, Mappings, Reading, examine, one_line
from pipelines.ingest.sources.source import Clock, Found, Remark, Source, SourceKind, now_of
from pipelines.ingest.survey import form_of, how_of, survey, survey_as_unreadable
from pipelines.ingest.surveyed import Range, Survey
from pipelines.settings import Home, Settings
from pipelines.spool import Spool
from pipelines.spool.records import instant_text

log = logging.getLogger("parstock.ingest")

Surveyed = Survey | OSError | None
"""What the first pass over a file gave: null when the file changed meanwhile."""


class Landing:
    """The landing folders of one root, a `Source`: `poll` may be called again and again; it returns each unit once.

    `adapter` names the vendor's document that every file is to be read as, or a mapping (`FILE.toml`) for the tables of its
    feed; a file that was once read as such stays so.
    """

    def __init__(
        self, root: Path, spool: Spool, settings: Settings, feeds: Iterable[str] | None = None, adapter: str | None = None
    ) -> None:
        self._root = root
        self._spool = spool
        self._settings = settings
        self._intake = Intake(spool)
        self._feeds = tuple(check_feed_name(name) for name in feeds) if feeds else FEED_NAMES
        self._taken: dict[tuple[str, str | None], tuple[tuple[int, int, int, int], str]] = {}
        self._still: dict[str, tuple[tuple[int, int, int, int], float]] = {}
        named = Path(adapter) if adapter and adapter.lower().endswith(".toml") else None
        self._adapter = check_format(adapter) if adapter and named is None else None
        self._mappings = Mappings(self._is_still, named)
        self._readings: dict[tuple[str, str | None], Reading] | None = None
        self._asked: dict[tuple[str, str | None], str] = {}

    def poll(self, clock: Clock) -> Found:
        """Look at the folders once. All files first seen in this look share one `known_at`, taken from the clock when one is found."""
        found = Found()
        found.unreadable.extend(self._strangers())
        still = list(self._whole(found))
        known_at: str | None = None
        for candidate, surveyed in zip(still, self._surveys(still), strict=True):
            if not isinstance(surveyed, Survey):
                _tell_why_not(candidate, surveyed, found)
                continue
            known_at = known_at or instant_text(now_of(clock))
            arrival = Arrival(candidate.feed, candidate.source_system, candidate.source_uri, candidate.entity)
            content = FileContent(candidate.path, candidate.marks[0], candidate.marks[1])
            self._intake.take(found, arrival, surveyed, content, known_at)
            if surveyed.how.refusal == "not_a_regular_file":
                found.unreadable.append(f"{candidate.source_uri}: skipped: not a regular file; put the file itself there")
            place = (candidate.path, candidate.entity)
            self._taken[place] = (candidate.marks, self._asked.get(place, surveyed.how.reading))
            self._still.pop(candidate.path, None)
        return found

    def acknowledge(self, unit_ids: Collection[str]) -> None:
        """Nothing is kept for a file that has been parsed: it stays where it lies, and belongs to whoever put it there."""

    def close(self) -> None:
        """Nothing is held open."""

    # ---- which files ---------------------------------------------------------------------------------------

    def _whole(self, found: Found) -> Iterator[Candidate]:
        """Files not taken yet that have been still; `found` is told of those that must wait, and of mappings that cannot be used."""
        lying = list(self._candidates(found.unreadable))
        problems = self._mappings.look(one for one in lying if one.parts[-1] == MAPPING_FILE)
        held: Counter[str] = Counter()
        for candidate in (one for file in lying for one in self._as_entities(file)):
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
            self._asked[candidate.path, candidate.entity] = reading.name
            if self._taken.get((candidate.path, candidate.entity)) == (candidate.marks, reading.name):
                continue
            if self._is_still(candidate):
                yield candidate
            else:
                found.waiting.append(candidate.source_uri)
        found.unreadable.extend(f"{problem}; files that wait for it: {held[problem]}" for problem in problems)

    def _candidates(self, unreadable: list[str]) -> Iterator[Candidate]:
        """Files of the feeds in a fixed order, reference data first; folders that cannot be looked into go to `unreadable`."""
        for feed in sorted(self._feeds, key=lambda name: (name != REFERENCE, name)):
            yield from sorted(walk(feed, str(self._root / feed), (), unreadable), key=lambda one: one.parts)

    def _as_entities(self, file: Candidate) -> Iterator[Candidate]:
        """A file, once for each entity that its mapping reads it as."""
        entities = self._mappings.entities(file) if file.parts[-1] != MAPPING_FILE else ()
        yield from (dataclasses.replace(file, read_as=entity) for entity in entities) if entities else (file,)

    def _strangers(self) -> list[str]:
        """What lies in the root and belongs to no feed."""
        if set(self._feeds) != set(FEED_NAMES):
            return []
        names = sorted(entry.name for entry in os.scandir(self._root) if entry.name not in FEED_NAMES and not entry.name.startswith("."))
        return [f"{os.fsencode(name).decode('utf-8', 'backslashreplace')}: no feed has this name" for name in names]

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

    # ---- the first pass ------------------------------------------------------------------------------------

    def _surveys(self, candidates: list[Candidate]) -> Iterable[Surveyed]:
        """The first pass over each file, in their order; over big ones side by side, for nothing can be parsed before."""

        def one(candidate: Candidate) -> Surveyed:
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
        reading = self._reading(candidate)
        if not stat.S_ISREG(candidate.mode):
            # its own for each: two links are not the same thing twice
            digest = hashlib.sha256(f"not a regular file: {candidate.source_uri}".encode()).hexdigest()
            how = How("none", refusal="not_a_regular_file", adapter=reading.adapter, mapping=reading.mapping)
            return Survey(digest, 0, how, (Range(0, 0, 0, 1),))
        try:
            surveyed = self._surveyed(candidate, reading)
        except FileRefused:
            return None
        return surveyed if marks_of(os.lstat(candidate.path)) == candidate.marks else None

    def _surveyed(self, candidate: Candidate, reading: Reading) -> Survey:
        """The first pass; a file on which our own code fails is refused, so that it never stops the others."""
        try:
            return survey(
                candidate.path, candidate.feed, candidate.entity, self._settings.unit_bytes,
                place_of(candidate.feed, candidate.source_system), reading.adapter, reading.mapping, reading.takes_open_end,
            )  # fmt: skip
        except FileRefused:
            raise
        except BaseException as error:
            if is_of_the_machine(error):
                raise
            log.error("%s could not be looked through", candidate.source_uri, exc_info=error)
            how = how_of(candidate.parts[-1], candidate.feed, candidate.entity, reading.adapter, reading.mapping)
            return survey_as_unreadable(candidate.path, how, f"{candidate.source_uri} ({words_of(error)})")

    # ---- what it is read as --------------------------------------------------------------------------------

    def _reading(self, candidate: Candidate) -> Reading:
        """What a file is to be read as: as somebody says now, else as it was read before; nameless when it speaks for itself.

        Raises UserError where its mapping cannot be used, BeingWritten where that is not still.
        """
        if self._readings is None:
            known = sorted(
                (one for one in self._spool.read_deliveries() if one.reading), key=lambda one: (one.first_known_at, one.sequence)
            )
            self._readings = {(one.source_uri, one.entity): Reading.of(one) for one in known}
        said = self._mappings.of(candidate)
        if said is None and self._adapter and (candidate.feed == REFERENCE) == (ADAPTER_BY_NAME[self._adapter].feed == REFERENCE):
            said = Reading(self._adapter, self._adapter)
        if said is None and self._settings.last_line == "whole" and form_of(candidate.parts[-1], candidate.feed)[0] == "csv":
            said = OPEN_END_TAKEN
        if said is None:
            return self._readings.get((candidate.source_uri, candidate.entity), Reading())
        self._readings[candidate.source_uri, candidate.entity] = said
        return said


def _tell_why_not(candidate: Candidate, missed: OSError | None, found: Found) -> None:
    """Say of a file without a survey that it waits or cannot be read; of one that has gone there is nothing to say."""
    if missed is None:
        found.waiting.append(candidate.source_uri)
    elif not isinstance(missed, FileNotFoundError):
        found.unreadable.append(f"{candidate.source_uri}: {missed.strerror}")


# ---- wiring ------------------------------------------------------------------------------------------------


def landing_of(
    home: Home, settings: Settings, from_dir: Path | None = None, *, feeds: Iterable[str] | None = None, adapter: str | None = None
) -> Landing:
    """The folders under `from_dir` (default: the home's landing folder), for that home. Raises UserError when there is no such folder."""
    root = from_dir or home.landing
    if not root.is_dir():
        raise UserError("there is no such folder", where=str(root), next_step="parstock ingest --from DIR")
    return Landing(root, Spool(home.spool), settings, feeds, adapter)


def _open(home: Home, settings: Settings) -> Source:
    home.landing.mkdir(parents=True, exist_ok=True)
    return landing_of(home, settings)


def _examine(home: Home) -> Iterator[Remark]:
    """Every mapping that cannot be used, or how many there are."""
    found = list(examine(home.landing))
    for where, fault in found:
        if fault:
            yield Remark("mapping", f"{where}: {fault}", f"correct {home.landing / where}; its files wait until then")
    if found and not any(fault for _, fault in found):
        yield Remark("mapping", f"{len(found)} mappings can be used")


LANDING: Final = SourceKind(
    name="landing",
    takes="files in landing/<feed>/",
    is_set_up=lambda home, settings: True,
    open=_open,
    examine=_examine,
)
