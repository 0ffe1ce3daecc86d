"""How long a delivery lives: until another reading of its content replaces it, or somebody takes it back.

Belongs here: the lives of deliveries, from what the warehouse knows of readings and withdrawals. Does not belong here: what
becomes of their rows (`tenure.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Final

from pipelines.owner.apply.tenure import DECIDED, FOREVER, Instant, Life
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.sql_text import listed

# every reading of one content under one path, and those before and after it; a row of reference has versions instead
READINGS_SQL: Final = """
    select delivery_id, known_us, row_number() over in_turn - 1 as number, lag(delivery_id) over in_turn as former_id,
        lead(delivery_id) over in_turn as next_id, lead(known_us) over in_turn as replaced_us, first_value(delivery_id) over in_turn as first_id
    from delivery_state where feed <> 'reference'
    window in_turn as (partition by feed, source_uri, content_sha256 order by known_us, reading_no, delivery_id)"""


@dataclasses.dataclass(frozen=True, slots=True)
class Tenure:
    """A delivery's lives in their order, at least one, and the reading that it replaced."""

    lives: tuple[Life, ...]
    former_id: str | None
    is_replaced: bool

    @property
    def lives_now(self) -> bool:
        """Whether its rows count."""
        return self.lives[-1].end == FOREVER


def of_deliveries(work: Work, deliveries: Collection[str]) -> dict[str, Tenure]:
    """The lives of some deliveries."""
    chosen = listed(sorted(deliveries))
    taken_back: dict[str, list[tuple[int, int]]] = {}
    for delivery_id, since_us, until_us in work.execute(
        f"select delivery_id, since_us, until_us from withdrawals where delivery_id in ({chosen}) order by since_us"
    ).fetchall():
        taken_back.setdefault(delivery_id, []).append((since_us, until_us))
    found = {}
    for delivery_id, known_us, number, former_id, replaced_us in work.execute(
        f"select delivery_id, known_us, number, former_id, replaced_us from ({READINGS_SQL}) where delivery_id in ({chosen})"
    ).fetchall():
        end = FOREVER if replaced_us is None else (replaced_us, number + 1)
        found[delivery_id] = Tenure(_cut((known_us, number), end, taken_back.get(delivery_id, [])), former_id, replaced_us is not None)
    return found


def _cut(begin: Instant, end: Instant, gaps: list[tuple[int, int]]) -> tuple[Life, ...]:
    """What withdrawals (since, until) leave of a life.

    >>> _cut((5, 0), FOREVER, [(7, 9), (11, END)]) == (Life((5, 0), (7, DECIDED)), Life((9, DECIDED), (11, DECIDED)))
    True
    """
    found = []
    for since_us, until_us in gaps:
        gap = (max(since_us, begin[0]), DECIDED)
        if gap >= end:
            break
        found.append(Life(begin, gap))
        if until_us == END:
            return tuple(found)
        begin = (max(until_us, gap[0]), DECIDED + 1) if until_us <= gap[0] else (until_us, DECIDED)
    return (*found, Life(begin, end)) if begin < end or not found else tuple(found)
