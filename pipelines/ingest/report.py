"""What a pass of ingest tells: how far it is, and what it did. Imports no engine: a command tells it without having done it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.spool import Manifest


@dataclasses.dataclass(slots=True)
class Progress:
    """How far a run is: units and rows done, units there are."""

    units: int = 0
    units_done: int = 0
    rows: int = 0
    rows_parsed: int = 0
    rows_rejected: int = 0

    def add(self, manifest: Manifest) -> None:
        """Count a parsed unit."""
        self.units_done += 1
        self.rows += manifest.rows_in
        self.rows_parsed += manifest.rows_parsed
        self.rows_rejected += manifest.rows_rejected


OnProgress = Callable[[Progress], None]


@dataclasses.dataclass(frozen=True, slots=True)
class IngestReport:
    """What one pass did. `deliveries` are all that were seen, `new_deliveries` those first seen now.

    `rows_in = rows_parsed + rows_rejected`, of the units parsed now. `waiting` are files still being written,
    `unreadable` files that could not be opened, with the reason; both will be taken by a later pass. `left_out` are rows of new
    deliveries that their mapping says are none, by path; they are not in `rows_in`.
    """

    deliveries: list[str]
    new_deliveries: list[str]
    units: list[str]
    rows_in: int
    rows_parsed: int
    rows_rejected: int
    waiting: list[str]
    unreadable: list[str]
    left_out: dict[str, int]
