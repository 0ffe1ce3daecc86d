"""What counted and turns out to have to wait: it is taken out of what is accepted, and waits as if it had from the first.

Belongs here: which rows those are, and their accounts. Does not belong here: taking back what they posted (`owner.posting`).
"""

from __future__ import annotations

from pipelines.owner.apply import accounts, batch
from pipelines.owner.working import Work
from pipelines.spool import Spool
from pipelines.sql_text import literal


def unpost_ambiguous(work: Work, spool: Spool) -> None:
    """Shipments whose order number now belongs to two channels are taken back and wait."""
    _unpost(
        work,
        spool,
        """
        select event_id, 'ambiguous_order' as reason_code, greatest(second_us, known_us) as since_us from kept_events
        join (select document_id, list_sort(list(known_us))[2] as second_us from (
                select document_id, channel_id, min(known_us) as known_us from order_channels group by all) group by all having count(*) > 1) o using (document_id)
        join applied_units using (unit_id)
        where event_kind = 'ship' and channel_id is null and document_kind = 'so' and since_us < until_us""",
    )
    work.execute(f"insert into {work.ends} select event_id, since_us from {work.unposted}")


def let_voids_wait(work: Work, spool: Spool, *, is_reread: bool = False) -> None:
    """Voids in `exceeding` wait: those of the batch as any row that is set aside, those that counted before are taken out of what counts.

    `is_reread`: the rows of `accepted` are no batch, but were accepted before and read again.
    """
    if not work.count(work.exceeding):
        return
    of_batch = f"select unit_no, line_no, event_id, x.reason_code from {work.accepted} join {work.exceeding} x using (event_id)"
    others = "" if is_reread else f"where event_id not in (select event_id from ({of_batch}))"
    _unpost(work, spool, f"select event_id, reason_code, since_us from {work.exceeding} {others}")
    if is_reread:
        return
    # setting rows aside takes them out of `accepted`
    for (code,) in work.execute(f"select distinct reason_code from {work.exceeding}").fetchall():
        batch.set_aside(work, f"select unit_no, line_no from ({of_batch}) where reason_code = '{code}'", code)


def _unpost(work: Work, spool: Spool, events: str) -> None:
    """Make events of a relation (event_id, reason_code, since_us) wait that were accepted; they are in `unposted` then."""
    work.execute(f"""
        create or replace temp table {work.unposted} as
        select distinct k.event_id, k.unit_id, k.line_no, a.delivery_id, a.feed, a.segment, a.known_us, x.reason_code,
            exists (select 1 from identity i where i.event_key = k.event_key and i.revision <> k.revision and i.known_us <= a.known_us) as is_corrected, x.since_us
        from ({events}) x join kept_events k using (event_id) join applied_units a using (unit_id)""")
    for feed, segment in work.execute(f"select distinct feed, segment from {work.unposted}").fetchall():
        rows = f"read_parquet({literal(spool.segment_path(feed, segment))}) s join {work.unposted} a on a.segment = '{segment}' and a.line_no = s.source_line"
        work.execute(f"""
            insert into waiting by name
            select a.unit_id, a.known_us, a.reason_code as waits_for, null::BIGINT as wait_until_us, s.* from {rows}""")
        accounts.tell(
            work, f'select a.delivery_id as "_delivery", a.known_us as "_known", a.reason_code as "_reason", a.feed, s.* from {rows}'
        )
    work.execute(f"""
        update contested_rows set outcome = 'quarantined', reason_code = u.reason_code from {work.unposted} u
        where contested_rows.unit_id = u.unit_id and contested_rows.line_no = u.line_no""")
    work.execute(f"""
        insert into {work.delivery_changes}
        select delivery_id, 0, -count(*) filter (not is_corrected), 0, -count(*) filter (is_corrected), count(*) from {work.unposted} group by all""")
