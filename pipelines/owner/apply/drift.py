"""Fields that are not as their feed lists them: what of a file's form is written into the ledger.

Belongs here: `ledger.feed_fields`, from the manifests. Does not belong here: finding such fields (`pipelines.feeds`), or
what readers make of them (dbt: `ops.feed_fields`).
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.ledger.instants import micros
from pipelines.owner.working import Work
from pipelines.spool import Manifest


def write_fields(work: Work, manifests: Sequence[Manifest], commit_id: int) -> None:
    """Append which fields of these units are unknown, personal or missing; one row a delivery and field, however many units it has.

    `rows_in` counts all rows of the units in which a field was found, whether or not each row has it.
    """
    found = [
        (m.delivery_id, m.feed, m.source_system, m.source_uri, m.entity, name, kind, m.rows_in, micros(m.known_at))
        for m in manifests
        for kind, names in (("unknown", m.unknown_columns), ("dropped_personal", m.dropped_columns), ("missing", m.missing_columns))
        for name in names
    ]
    if not found:
        return
    work.hold(work.field_rows, found)
    work.execute(f"""
        insert into ledger.feed_fields
        select * exclude (rows_in, known_us), sum(rows_in)::BIGINT, make_timestamptz(known_us), {int(commit_id)}
        from {work.field_rows} group by all""")
