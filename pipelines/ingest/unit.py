"""The unit of work: what travels from a source through Beam to the parse stage.

Belongs here: what a unit is, and in which turn units are parsed. Does not belong here: where units come from (`sources/`), or
what becomes of one (`stage.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from pipelines.feeds.parse import How
from pipelines.feeds.registry import REFERENCE
from pipelines.spool import Origin, UnitRange


class ContentChanged(Exception):
    """The bytes are no longer those that were surveyed."""


class Content(Protocol):
    """Where the bytes of a delivery lie. Small and picklable: it travels with the unit, and the worker opens it where it runs."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The surveyed bytes, from the first, in a file that can seek.

        Raises FileNotFoundError where they are gone and ContentChanged where they are others (also when the block is left):
        the rows of the unit are then refused. Any other OSError is a fault of the machine, and the unit is tried again.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class WorkUnit:
    """A range of a delivery, and everything that parsing it needs: whose it is, which bytes, how they are read, where they lie."""

    origin: Origin
    range: UnitRange
    how: How
    content: Content

    @property
    def unit_id(self) -> str:
        """Id of the range, and so of the unit's manifest."""
        return self.range.unit_id

    @property
    def turn(self) -> tuple[str, str, int, int]:
        """As `Manifest.turn`."""
        return (self.origin.known_at, self.origin.source_uri, self.origin.sequence, self.range.first_line)


def in_turn(units: Iterable[WorkUnit]) -> list[tuple[WorkUnit, ...]]:
    """Units as runs of one after the other: those of `reference` are one run, in their turn, each other unit is its own.

    Of versions of one key first seen together, the one whose turn is later wins. The owner takes what it finds, so a
    reference unit must never be there before those whose turn was earlier, whoever dies meanwhile.
    """
    everything = list(units)
    reference = tuple(sorted((unit for unit in everything if unit.origin.feed == REFERENCE), key=lambda unit: unit.turn))
    return [*([reference] if reference else []), *((unit,) for unit in everything if unit.origin.feed != REFERENCE)]
