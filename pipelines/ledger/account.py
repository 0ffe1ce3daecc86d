"""What became of the rows of one pass of ingest, feed by feed: the whole account, as the ledger's files have it.

Belongs here: counting. Does not belong here: why a row is set aside (`pipelines.feeds.reasons`), or printing (`cli`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from typing import Final

from pipelines.feeds.reasons import APPROVAL
from pipelines.ledger.files import LedgerVersion, read_current
from pipelines.settings import Home
from pipelines.sql_text import listed, one_of

COUNTS: Final = ("rows_in", "accepted", "duplicate", "corrected", "waiting", "refused", "conflicting")
"""What is counted; `rows_in` is the sum of the others."""


@dataclasses.dataclass(frozen=True, slots=True)
class FeedAccount:
    """Rows of a feed's deliveries.

    `waiting` goes on by itself, less those of them that wait `for_approval`; `refused` needs a corrected copy, `conflicting` says
    otherwise than before.
    """

    feed: str
    rows_in: int
    accepted: int
    duplicate: int
    corrected: int
    waiting: int
    refused: int
    conflicting: int
    for_approval: int = 0

    @property
    def set_aside(self) -> int:
        """Rows in quarantine."""
        return self.waiting + self.refused + self.conflicting


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """The rows of a pass, by feed, and `resumed`: rows of earlier deliveries that had waited and no longer do."""

    feeds: tuple[FeedAccount, ...] = ()
    resumed: int = 0

    def total(self, count: str) -> int:
        """One of `COUNTS` over all feeds.

        >>> Account((FeedAccount("pos", 3, 1, 1, 0, 1, 0, 0), FeedAccount("wms", 2, 2, 0, 0, 0, 0, 0))).total("accepted")
        3
        """
        return sum(int(getattr(feed, count)) for feed in self.feeds)

    @property
    def set_aside(self) -> int:
        """Rows in quarantine."""
        return sum(feed.set_aside for feed in self.feeds)

    @property
    def for_approval(self) -> int:
        """Rows that wait until somebody says that they are right."""
        return sum(feed.for_approval for feed in self.feeds)


def account_above(home: Home, commit_id: int, deliveries: Collection[str]) -> Account:
    """What the commits above this one did with these deliveries: with those that brought rows then, and with rows that waited."""
    current = read_current(home)
    if current is None or current.commit_id <= commit_id or not deliveries:
        return Account()
    import duckdb

    with duckdb.connect() as con:
        rows = con.execute(_account_sql(home, current, commit_id), [list(deliveries)]).fetchall()
        resumed = con.execute(_resumed_sql(home, current, commit_id)).fetchall()[0][0]
    return Account(tuple(FeedAccount(*row) for row in rows), int(resumed or 0))


def _account_sql(home: Home, current: LedgerVersion, commit_id: int) -> str:
    kinds = {
        "waiting": "is_waiting",
        "conflicting": "not is_waiting and reason_code = 'conflicting_payload'",
        "refused": "not is_waiting and reason_code <> 'conflicting_payload'",
        "for_approval": f"is_waiting and reason_code in {one_of(sorted(APPROVAL))}",
    }
    aside = ", ".join(f"coalesce(sum(sign) filter ({condition}), 0)::BIGINT as {name}" for name, condition in kinds.items())
    return f"""
        with counted as (
            select feed, delivery_id, sum(rows_in)::BIGINT as rows_in, sum(accepted)::BIGINT as accepted, sum(duplicate)::BIGINT as duplicate,
                sum(corrected)::BIGINT as corrected
            from {_files_sql(home, current, "deliveries", commit_id)} where commit_id > {commit_id} and delivery_id in (select unnest(?))
            group by all having sum(rows_in) > 0),
        aside as (
            select delivery_id, {aside} from {_files_sql(home, current, "quarantine", commit_id)} where commit_id > {commit_id} group by all)
        select feed, {", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in (*COUNTS, "for_approval"))}
        from counted left join aside using (delivery_id) group by feed order by feed"""


def _resumed_sql(home: Home, current: LedgerVersion, commit_id: int) -> str:
    """Rows of deliveries that brought nothing now, and that are quarantined no longer.

    The counts say so, and not the quarantine itself: of a file that is read anew its rows leave it, to be judged anew.
    """
    return f"""
        select sum(left_rows) from (
            select greatest(-sum(quarantined), 0) as left_rows from {_files_sql(home, current, "deliveries", commit_id)} where commit_id > {commit_id}
            group by delivery_id having sum(rows_in) = 0)"""


def _files_sql(home: Home, current: LedgerVersion, table: str, commit_id: int) -> str:
    files = current.tables[table]
    newer: Iterable[str] = (str(home.ledger / file.path) for file in files if file.max_commit_id > commit_id)
    chosen = list(newer) or [str(home.ledger / files[0].path)]
    return f"read_parquet([{listed(chosen)}], union_by_name = true)"
