"""Keys that a new reading or a withdrawal concerns are contested: every row that has one is judged anew with all others.

Belongs here: which keys are contested, and keeping their rows out of the ordinary way. Does not belong here: settling them
(`settling.py`), or for how long a delivery lives (`lives.py`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.events import ENGINE_TYPES
from pipelines.ledger.keys import key_sql, low_sql
from pipelines.owner.apply import lives
from pipelines.owner.apply.identity import KeyFilter
from pipelines.owner.working import Table, Work
from pipelines.spool import Manifest, Spool
from pipelines.sql_text import listed

_KEY: Final = key_sql()


# --- which keys ---------------------------------------------------------------------------------------------


def begin(work: Work, spool: Spool) -> None:
    """Contest what the readings among the batch's deliveries change, and all rows of those that do not live."""
    work.make(work.contested)
    come = [row[0] for row in work.execute(f"select distinct delivery_id from {work.batch_manifests}").fetchall()]
    if not come:
        return
    readings = (
        []
        if not _has_readings(work)
        else work.execute(f"""
        select delivery_id, former_id, next_id from ({lives.READINGS_SQL}) where delivery_id in ({listed(come)})
            and (former_id is not null or next_id is not null)""").fetchall()
    )
    for delivery_id, former_id, next_id in readings:
        if former_id is not None:
            _contest_differences(work, spool, former_id, delivery_id)
        if next_id is not None:
            _contest_differences(work, spool, delivery_id, next_id)
    gone = work.execute(f"select distinct delivery_id from withdrawals where delivery_id in ({listed(come)})").fetchall()
    contest(work, spool, [row[0] for row in gone])


def _has_readings(work: Work) -> bool:
    """Whether the content of one of the batch's deliveries was read before under its path; cheap, for it is asked of every batch."""
    return bool(
        work.count(f"""delivery_state d join {work.batch_manifests} m using (feed, source_uri, content_sha256)
            where d.delivery_id <> m.delivery_id and feed <> 'reference'""")
    )


def formers_known_us(work: Work, manifest: Manifest) -> tuple[int, ...]:
    """When the readings were known that a unit of reference replaces: those of the same content just before it under its path."""
    known = dict(
        work.execute(
            "select reading_no, known_us from delivery_state where feed = ? and source_uri = ? and content_sha256 = ?",
            [manifest.feed, manifest.source_uri, manifest.content_sha256],
        ).fetchall()
    )
    return tuple(known[number] for number in itertools.takewhile(known.__contains__, range(manifest.sequence - 1, -1, -1)))


def contest(work: Work, spool: Spool, deliveries: Sequence[str]) -> None:
    """Contest all keys that these deliveries have so far."""
    paths = [path for one in deliveries for path in _segments(work, spool, one)]
    if paths:
        work.execute(f"insert into {work.contested} select distinct {_KEY} from read_parquet([{listed(paths)}])")


def contest_left_behind(work: Work) -> None:
    """Contest what still waits of readings that the batch's replaced, though it is read alike: the newest has to tell of it."""
    if not _has_readings(work):
        return
    work.execute(f"""
        insert into {work.contested}
        with units as (select unit_id, delivery_id from applied_units union select unit_id, delivery_id from {work.batch_manifests})
        select distinct {_KEY} from waiting join units using (unit_id) where delivery_id in ({_replaced_sql(work)})""")


def _replaced_sql(work: Work) -> str:
    """SQL of the deliveries that are read otherwise now, of the files of the batch."""
    return f"""
        with readings as ({lives.READINGS_SQL})
        select delivery_id from readings where next_id is not null and first_id in (
            select first_id from readings semi join {work.batch_manifests} using (delivery_id))"""


def readings_of(work: Work, delivery_id: str) -> list[str]:
    """The delivery and all other readings of its content under its path, in their order."""
    return [
        row[0]
        for row in work.execute(
            f"""with readings as ({lives.READINGS_SQL}) select delivery_id from readings
            where first_id = (select first_id from readings where delivery_id = ?) order by number""",
            [delivery_id],
        ).fetchall()
    ]


def _contest_differences(work: Work, spool: Spool, former_id: str, delivery_id: str) -> None:
    """Contest the keys of the lines that two readings do not read alike, as far as both have been parsed."""
    before, now = (_lines_sql(_segments(work, spool, one)) for one in (former_id, delivery_id))
    gone = "now_hi is not null" if not _is_whole(work, delivery_id) else "true"
    said = "({0}.key_hi, {0}.key_lo, {0}.revision, {0}.payload_hash)"
    work.execute(f"""
        insert into {work.contested}
        with pairs as (
            select b.key_hi as before_hi, b.key_lo as before_lo, n.key_hi as now_hi, n.key_lo as now_lo
            from ({before}) b full join ({now}) n using (source_line) where {said.format("b")} is distinct from {said.format("n")})
        select {key_sql(name="before")} from pairs where before_hi is not null and {gone}
        union select {key_sql(name="now")} from pairs where now_hi is not null""")


def _lines_sql(paths: Sequence[str]) -> str:
    """SQL of the lines of segments: which, and what identifies each and what it says."""
    rows = f" union all by name select * from read_parquet([{listed(paths)}], union_by_name = true)" if paths else ""
    return f"select source_line, key_hi, key_lo, coalesce(source_revision, 0) as revision, payload_hash from ({_NO_LINES}{rows})"


_NO_LINES: Final = f"(select {', '.join(f'null::{kind} as {name}' for name, kind in ENGINE_TYPES.items())} limit 0)"


def _is_whole(work: Work, delivery_id: str) -> bool:
    """Whether, with this batch, every unit of a delivery has come: a line that is not there is then not read."""
    return bool(
        work.execute(
            f"""select units_applied + (select count(*) from {work.batch_manifests} m where m.delivery_id = d.delivery_id) >= units_expected
            from delivery_state d where delivery_id = ?""",
            [delivery_id],
        ).fetchall()[0][0]
    )


def _segments(work: Work, spool: Spool, delivery_id: str) -> list[str]:
    """Paths of a delivery's segments, of units applied before and of the batch's."""
    rows = work.execute(
        f"""select feed, segment from applied_units where delivery_id = ? and segment is not null and feed <> 'reference'
        union select feed, segment from {work.batch_manifests} where delivery_id = ? and segment is not null and feed <> 'reference'
        order by all""",
        [delivery_id, delivery_id],
    ).fetchall()
    return [str(spool.segment_path(feed, segment)) for feed, segment in rows]


# --- out of the ordinary way --------------------------------------------------------------------------------


def filter_keys(work: Work) -> np.ndarray:
    """The low halves of every contested key, for the filter: the short way must leave their rows."""
    got = work.execute(f"select distinct {low_sql('event_key')} as key_lo from contested_rows").fetchnumpy()["key_lo"]
    return np.asarray(got, dtype=np.uint64)


def remember(work: Work, seen: KeyFilter) -> None:
    """Have the filter know the keys that are contested now."""
    got = work.execute(f"select distinct {low_sql('event_key')} as key_lo from {work.contested}").fetchnumpy()["key_lo"]
    seen.add(np.asarray(got, dtype=np.uint64))


def leave_out(work: Work, table: Table, key: str = "event_key") -> None:
    """Take the contested rows out of a table that has their key: they are settled at the end of the batch."""
    if not work.count("contested_rows") and not work.count(work.contested):
        return
    everything = f"(select event_key from contested_rows union all select event_key from {work.contested})"
    work.execute(f"insert into {work.contested} select distinct {key} from {table} where {key} in {everything}")
    work.execute(f"delete from {table} where {key} in {everything}")


def clear_replaced(work: Work, commit_id: int) -> None:
    """Take out of quarantine what is there of readings that the batch's replaced: the newest says what of the file is set aside."""
    if not _has_readings(work):
        return
    work.execute(f"""
        insert into ledger.quarantine
        select * exclude (sign, commit_id), (-sum(sign))::TINYINT, {commit_id} from ledger.quarantine
        where delivery_id in ({_replaced_sql(work)}) group by all having sum(sign) > 0""")
