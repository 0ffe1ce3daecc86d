"""Questions that others ask of the published file: what was heard of each feed, how many rows a table has.

Belongs here: counts and times as readers see them. Does not belong here: opening the file (`reader`), marts or formulas (dbt),
printing (`cli`).
"""

from __future__ import annotations

import dataclasses
from datetime import datetime

from pipelines.feeds.registry import FEED_NAMES
from pipelines.publish.reader import run_sql
from pipelines.settings import Home

_FEEDS_SQL = """
select feed, count(*), cast(sum(rows_in) as bigint), cast(sum(accepted) as bigint), cast(sum(quarantined) as bigint), max(first_known_at)
from ops.deliveries group by feed"""


@dataclasses.dataclass(frozen=True, slots=True)
class FeedSeen:
    """What has come from one feed so far; `last_seen_at` is null where nothing has."""

    feed: str
    deliveries: int = 0
    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    last_seen_at: datetime | None = None


def feeds_seen(home: Home) -> dict[str, FeedSeen]:
    """Every feed of the registry by name, as readers see it now; all zero in a home that has published nothing."""
    seen = {name: FeedSeen(name) for name in FEED_NAMES}
    if home.published_file.exists():
        seen |= {row[0]: FeedSeen(*row) for row in run_sql(home, _FEEDS_SQL).rows}
    return seen


def published_rows(home: Home, tables: tuple[str, ...]) -> dict[str, int]:
    """Rows of published tables by `schema.name`."""
    return {name: int(run_sql(home, f"select count(*) from {name}").rows[0][0]) for name in tables}
