"""Units on which our own code fails when they are applied: which failures they are, and what becomes of their rows.

Belongs here: telling such a failure from one of the machine, and the unit as one whose rows are all refused. Does not belong
here: trying units one by one (`apply.py`).
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.feeds.reading.failing import is_of_the_machine, words_of
from pipelines.feeds.reasons import MEANING
from pipelines.owner.working import Work
from pipelines.spool import Manifest, Spool

CODE = "unit_failed"


def is_of_a_row(error: BaseException) -> bool:
    """Whether rows may be what an exception is about: not the machine, not the engine's state, nothing that a person has to settle."""
    import duckdb

    if is_of_the_machine(error) or isinstance(error, UserError):
        return False
    if isinstance(error, duckdb.FatalException | duckdb.InterruptException | duckdb.ConnectionException | duckdb.TransactionException):
        return False
    return not isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException)


@dataclasses.dataclass(frozen=True, slots=True)
class FailedUnit:
    """A unit as it was, and what was said when it could not be applied."""

    manifest: Manifest
    words: str

    @classmethod
    def of(cls, manifest: Manifest, error: BaseException) -> FailedUnit:
        """The unit that this exception came of."""
        return cls(manifest, words_of(error))

    def refused(self) -> Manifest:
        """The unit without its rows, which are all refused."""
        return dataclasses.replace(
            self.manifest, rows_parsed=0, rows_rejected=self.manifest.rows_in, segment=None, segment_sha256=None, columns=[],
            occurred_min=None, occurred_max=None, constants={},
        )  # fmt: skip


def quarantine(work: Work, failed: FailedUnit, spool: Spool, commit_id: int) -> None:
    """Quarantine the rows of the unit that had been parsed; its rejects are told of as those of any unit."""
    manifest = failed.manifest
    if manifest.segment is None:
        return
    reason = f"{manifest.source_uri} from line {manifest.first_line} on ({failed.words}): {MEANING[CODE]}"
    rows = [
        (manifest.delivery_id, manifest.feed, line, CODE, reason, payload, False, manifest.known_at, 1, commit_id)
        for line, payload in _lines(spool.segment_path(manifest.feed, manifest.segment))
    ]
    work.con.executemany("insert into ledger.quarantine values (?, ?, ?, ?, ?, ?, ?, ?::TIMESTAMPTZ, ?, ?)", rows)


def _lines(segment: Path) -> list[tuple[int, str | None]]:
    """Number and payload of each row of a segment; without a payload where a cell of it has no text."""
    import polars as pl

    frame = pl.read_parquet(segment)
    told = frame.select(pl.exclude("^(key|target)_.*$", "payload_hash", "source_line"))
    try:
        payloads: list[str | None] = told.select(pl.struct(pl.all()).struct.json_encode()).to_series().to_list()
    except Exception:  # it is what could not be read that is told of here
        payloads = [None] * frame.height
    return [(int(line), _without_nulls(text)) for line, text in zip(frame["source_line"], payloads, strict=True)]


def _without_nulls(payload: str | None) -> str | None:
    if payload is None:
        return None
    cells: dict[str, Any] = json.loads(payload)
    return json.dumps({name: value for name, value in cells.items() if value is not None}, ensure_ascii=False)
