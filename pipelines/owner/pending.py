"""What lies in the spool and is not applied: which of it is the next batch, and whether it may grow first.

Belongs here: the order of units, the size of a batch, and waiting for more. Does not belong here: applying (`apply/`).
"""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Final, NamedTuple

from pipelines.owner.apply.bulk import BULK_ROWS
from pipelines.spool import Manifest, Spool

BATCH_ROWS: Final = 600_000
"""Rows of a transaction: enough to make its fixed cost small, few enough to bound memory."""

FIRST_ROWS: Final = 150_000
"""A backfill's first batch is applied with so many rows, for until then nothing is …"""

GATHER_ROWS: Final = 300_000
"""… and later ones with so many: more would cost less each, and leave more to do when the last file has been parsed."""

QUIET_SECONDS: Final = 0.25
"""A big batch that is not full waits while more units come at shorter intervals than this …"""

GATHER_SECONDS: Final = 3.0
"""… but not longer than this in all."""


class Batch(NamedTuple):
    """Units to apply in one transaction; `is_growing`: a big one, of which more comes, so that somebody is parsing."""

    manifests: list[Manifest]
    is_growing: bool = False


class Pending:
    """What is pending of a spool. A stream's small batches never wait; a big one is let grow, for its fixed cost is that of many rows."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._units = 0
        self._is_first = True
        self._since = self._grown = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether something pending was left to grow."""
        return self._units > 0

    def count(self, applied: Container[str]) -> int:
        """How many units are pending."""
        return len(self._names(applied))

    def next(self, applied: Container[str], *, may_grow: bool) -> Batch:
        """The next batch: reference first, then by when it was known. None yet while a big one is still growing, if it may."""
        names = self._names(applied)
        if not names:
            self._units, self._is_first = 0, True
            return Batch([])
        manifests = sorted(self._with_earlier_reference(names, applied), key=lambda m: (m.feed != "reference", m.turn))
        rows = sum(m.rows_in for m in manifests)
        if self._wants_more(len(names), rows) and may_grow:
            return Batch([])
        is_big = rows >= BULK_ROWS
        self._is_first = not is_big
        return Batch(_cut(manifests), is_growing=is_big and may_grow)

    def _names(self, applied: Container[str]) -> set[str]:
        return {name for name in self._spool.manifest_ids() if name not in applied}

    def _wants_more(self, units: int, rows: int) -> bool:
        now = time.monotonic()
        if units != self._units:
            if units < self._units or self._units == 0:
                self._since = now
            self._units, self._grown = units, now
        most = FIRST_ROWS if self._is_first else GATHER_ROWS
        return BULK_ROWS <= rows < most and now - self._grown < QUIET_SECONDS and now - self._since < GATHER_SECONDS

    def _with_earlier_reference(self, names: set[str], applied: Container[str]) -> list[Manifest]:
        """The manifests of these names, and every reference one that was written before one of them.

        They are written in their turn, but a folder that grows while it is listed may show a later file and not an
        earlier one; a second listing shows all that were there when the first one ended.
        """
        manifests = [self._spool.read_manifest(name) for name in names]
        newest = max((m.turn for m in manifests if m.feed == "reference"), default=None)
        if newest is not None:
            missed = (self._spool.read_manifest(name) for name in self._names(applied) - names)
            manifests += [m for m in missed if m.feed == "reference" and m.turn < newest]
        return manifests


def _cut(manifests: list[Manifest]) -> list[Manifest]:
    """The first of them, up to the size of a batch; one at least."""
    batch: list[Manifest] = []
    rows = 0
    for manifest in manifests:
        if batch and rows + manifest.rows_in > BATCH_ROWS:
            break
        batch.append(manifest)
        rows += manifest.rows_in
    return batch
