"""What all rows of a batch have in common: it is said once, as SQL, and not read, joined and cast row by row.

Belongs here: the values that the batch's manifests agree on, as literals. Does not belong here: what is asked of rows
(`resolve.py`), or finding the values (`pipelines.ingest`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pipelines.events import ENGINE_TYPES
from pipelines.owner.apply.zones import Shifts
from pipelines.sql_text import literal

Value = str | int

UNIT_COLUMNS = {"known_us": "BIGINT", "feed": "VARCHAR", "source_system": "VARCHAR"}
"""What an event has from its unit of work."""


@dataclasses.dataclass(frozen=True, slots=True)
class Common:
    """`values` are those of event columns, `of_units` those of `UNIT_COLUMNS`, by name; `shifts` are of the zones its days can be in."""

    values: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    of_units: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    shifts: tuple[Shifts, ...] = ()

    def column(self, name: str) -> str:
        """SQL of an event column of a segment `s`: the value that all rows have, else the column.

        >>> Common({"reason_code": "owner's"}).column("reason_code"), Common().column("quantity")
        ("'owner''s'::VARCHAR as reason_code", 's.quantity')
        """
        return f"{_literal(self.values[name], ENGINE_TYPES[name])} as {name}" if name in self.values else f"s.{name}"

    def of_unit(self, name: str) -> str:
        """SQL of a column of `UNIT_COLUMNS`: the value that all units have, else the column of `batch_units` (`u`)."""
        return f"{_literal(self.of_units[name], UNIT_COLUMNS[name])} as {name}" if name in self.of_units else f"u.{name}"

    @property
    def is_of_all_units(self) -> bool:
        """Whether the units differ in nothing that an event has from its unit."""
        return self.of_units.keys() >= UNIT_COLUMNS.keys()


def agreed(of_each: list[Mapping[str, Value]]) -> dict[str, Value]:
    """What all of them say alike.

    >>> agreed([{"event_kind": "sale", "channel_code": "web"}, {"event_kind": "sale", "channel_code": "store"}, {"event_kind": "sale"}])
    {'event_kind': 'sale'}
    """
    first, *others = of_each or [{}]
    return {name: value for name, value in first.items() if name in _NAMES and all(one.get(name) == value for one in others)}


_NAMES = ENGINE_TYPES.keys() | UNIT_COLUMNS.keys()


def _literal(value: Value, kind: str) -> str:
    return f"{literal(value) if isinstance(value, str) else int(value)}::{kind}"
