"""What two states of a ledger say differently, rule by rule: for whoever makes a ledger anew with newer rules.

Belongs here: the figures of a state, and which differ. Does not belong here: making a ledger anew (`pipelines.keeping`), printing.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from pipelines.ledger.files import LedgerVersion
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import Home
from pipelines.sql_text import listed

Figures = dict[str, tuple[int, int]]
"""rule → rows that stand, and their base units (0 where units are not what it is about)."""

_QUESTIONS: Final = {
    "movements": "'movement ' || movement_kind, sum(if(is_reversal, -1, 1)), sum(if(is_reversal, -units, units))",
    "events": "'event ' || event_kind, sum(sign), 0",
    "quarantine": "'set aside, ' || reason_code, sum(sign), 0",
}
"""ledger table → rule, rows and units, of its rows by rule."""
_REFERENCE: Final = tuple(name for name, columns in LEDGER_TABLES.items() if "version_no" in columns)


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A rule of which the two states have other figures."""

    rule: str
    rows_before: int
    rows_now: int
    units_before: int
    units_now: int


def figures_of(home: Home, version: LedgerVersion) -> Figures:
    """The figures of a state; its files must still be there."""
    import duckdb

    found: Figures = {}
    with duckdb.connect() as con:
        for table, files in version.tables.items():
            question = _QUESTIONS.get(table) or (f"'reference {table}', count(*), 0" if table in _REFERENCE else None)
            if question is None or not files:
                continue
            paths = listed(home.ledger / file.path for file in files)
            rows = con.execute(
                f"select {question} from read_parquet([{paths}], union_by_name = true) where commit_id <= ? group by 1", [version.commit_id]
            ).fetchall()
            found |= {rule: (int(rows_there), int(units)) for rule, rows_there, units in rows if rows_there or units}
    return found


def differences(before: Figures, now: Figures) -> list[Difference]:
    """The rules of which rows or units differ, by name.

    >>> differences({"movement sale": (5, 9)}, {"movement sale": (5, 9), "movement scrap": (1, 2)})
    [Difference(rule='movement scrap', rows_before=0, rows_now=1, units_before=0, units_now=2)]
    """
    nothing = (0, 0)
    pairs = ((rule, before.get(rule, nothing), now.get(rule, nothing)) for rule in sorted(before.keys() | now.keys()))
    return [Difference(rule, old[0], new[0], old[1], new[1]) for rule, old, new in pairs if old != new]
