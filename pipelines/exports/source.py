"""What every export says of itself: the publication it was read from, the plan in it, and how new both are.

Belongs here: one reading of `ops.publication` and `plan.runs`. Does not belong here: how that is printed.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.errors import UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.settings import Home

_PUBLICATION_SQL = """
select p.version, p.published_at, p.commit_id, p.marts_commit_id, p.ledger_hash, p.newest_known_at, p.newest_occurred_at,
    r.run_id, r.as_of_at, r.as_of_on,
    (select time_zone from core.dim_location where not is_virtual and time_zone is not null group by 1 order by count(*) desc, 1 limit 1)
from ops.publication p left join plan.runs r on r.is_latest"""


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """The publication that an export was read from, and its latest plan (null: none yet). Instants are aware."""

    version: int
    published_at: datetime
    commit_id: int
    marts_commit_id: int
    ledger_hash: str
    newest_known_at: datetime | None
    newest_occurred_at: datetime | None
    run_id: str | None
    as_of_at: datetime | None
    as_of_on: date | None
    time_zone: str | None

    @property
    def today(self) -> date:
        """The day that it is about: the plan's, else that of the publication."""
        return self.as_of_on or self.local(self.as_of).date()

    @property
    def as_of(self) -> datetime:
        """The instant that it is about: the plan's, else that of the publication."""
        return self.as_of_at or self.published_at

    @property
    def age(self) -> timedelta | None:
        """How long before the publication the newest event happened; null where there is none."""
        return self.published_at - self.newest_occurred_at if self.newest_occurred_at else None

    def local(self, instant: datetime) -> datetime:
        """An instant by the clock of most places; in UTC where none has a zone."""
        try:
            return instant.astimezone(ZoneInfo(self.time_zone)) if self.time_zone else instant.astimezone(UTC)
        except ZoneInfoNotFoundError:
            return instant.astimezone(UTC)

    def clock(self, instant: datetime | None) -> str:
        """An instant as people read it, with its zone; a dash where there is none."""
        if instant is None:
            return "–"
        local = self.local(instant)
        return f"{local:%Y-%m-%d %H:%M} {'UTC' if local.tzinfo is UTC else self.time_zone}"


@contextlib.contextmanager
def opened(home: Home) -> Iterator[DuckDBPyConnection]:
    """The publication that is current now, as long as the block lasts.

    Raises UserError where nothing is published yet (exit code 2), or where its files cannot be read (exit code 3).
    """
    import duckdb

    from pipelines.publish.reader import open_published

    con = open_published(home)
    try:
        yield con
    except duckdb.Error as error:
        raise UserError(
            "the published tables cannot be read", where=str(error).strip().splitlines()[0], next_step="parstock doctor", exit_code=3
        ) from error
    finally:
        con.close()


def read_source(con: DuckDBPyConnection) -> Source:
    """What the open published file says of itself."""
    row = con.execute(_PUBLICATION_SQL).fetchone()
    assert row is not None  # a published file has this one row
    return Source(*row)


def has_table(con: DuckDBPyConnection, table: str, columns: Sequence[str] = ()) -> bool:
    """Whether a published file has a table with these columns: an older build may lack it."""
    schema, _, name = table.partition(".")
    found = con.execute("select column_name from duckdb_columns() where schema_name = ? and table_name = ?", [schema, name]).fetchall()
    names = {column for (column,) in found}
    return bool(names) and names >= set(columns)
