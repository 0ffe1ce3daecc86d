"""Accepting a row that waits for approval, and undoing that.

Belongs here: the effect of the decision `accept_row`. Does not belong here: which rows wait for approval (`resolve.py`), or how accepted
ones are let pass (`approval.py`).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pipelines.errors import UserError
from pipelines.ledger.decisions import Decision
from pipelines.ledger.instants import micros
from pipelines.ledger.keys import event_id_sql, key_sql
from pipelines.owner.apply import contested
from pipelines.owner.apply.approval import OF_APPROVAL
from pipelines.owner.apply.effects import Act, Effect, take_back
from pipelines.owner.reference.code_tables import insert_rows
from pipelines.owner.reference.rows import ReferenceRow
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.spool import Manifest, Spool
from pipelines.sql_text import literal


def for_approval(work: Work) -> list[tuple[str, str, str, int, str]]:
    """The rows that wait for approval now: delivery_id, feed, source_uri, line_no, reason_code; by path and line."""
    return work.execute(f"""
        select q.delivery_id, q.feed, any_value(d.source_uri) as source_uri, q.line_no, q.reason_code
        from ledger.quarantine q join delivery_state d using (delivery_id)
        where q.is_waiting and q.reason_code in {OF_APPROVAL}
        group by q.delivery_id, q.feed, q.line_no, q.reason_code having sum(q.sign) > 0 order by source_uri, q.line_no""").fetchall()


class AcceptRow(Effect):
    """A row that waits for approval posts, from when it was accepted; undone, what it posted ends and it waits again."""

    def check(self, work: Work, decisions: Sequence[Decision]) -> None:
        """Each row must wait for approval now."""
        waiting = {(delivery, line) for delivery, _, _, line, _ in for_approval(work)}
        for one in decisions:
            if (one.delivery_id, one.line_no) not in waiting:
                raise UserError(
                    f"line {one.line_no} of delivery {one.delivery_id} does not wait for approval",
                    next_step="parstock rejects --waiting shows which rows do",
                )

    def check_undo(self, work: Work, undone: Sequence[Decision]) -> None:
        """What a reference row said has been counted by: another version replaces it."""
        names = [one.delivery_id for one in undone]
        if work.execute("select 1 from delivery_state where feed = 'reference' and delivery_id in (select unnest(?))", [names]).fetchall():
            raise UserError(
                "an accepted reference row cannot be undone", next_step="deliver the row again, corrected: it replaces this one"
            )

    def take(self, act: Act, decisions: Sequence[Decision]) -> None:
        """From now on the rows are accepted; those that wait are tried again in this batch."""
        insert_rows(act.work.con, "accepted_rows", [(one.delivery_id, one.line_no, micros(one.decided_at), END) for one in decisions])

    def undo(self, act: Act, undone: Sequence[tuple[Decision, int]]) -> None:
        """The rows wait again, and what they posted ends."""
        work = act.work
        work.hold(work.returned, [(one.delivery_id, one.line_no, end_us) for one, end_us in undone])
        work.execute(f"""
            update accepted_rows set until_us = r.end_us from {work.returned} r
            where accepted_rows.delivery_id = r.delivery_id and accepted_rows.line_no = r.line_no and accepted_rows.until_us = {END}""")
        _wait_again(act)
        take_back(work, act.commit_id)


def _wait_again(act: Act) -> None:
    """Have the rows in `returned` that stand wait again, as they did before they were accepted; fills `ends` and `ended_revisions`."""
    work = act.work
    work.make(work.ends, work.ended_revisions)
    units = work.execute(f"""
        select distinct a.unit_id, a.feed, a.segment from {work.returned} join applied_units a using (delivery_id)
        where a.feed <> 'reference' and a.segment is not null""").fetchall()
    for unit_id, feed, segment in units:
        work.execute(f"""
            create or replace temp table {work.returned_events} as
            select s.*, {literal(unit_id)} as unit_id, r.end_us, r.delivery_id, {key_sql("s.")} as event_key, coalesce(s.source_revision, 0)::INTEGER as revision
            from (select * from read_parquet({literal(act.spool.segment_path(feed, segment))})
                union all by name (select source_revision from waiting limit 0)) s
            join {work.returned} r on r.line_no = s.source_line and r.delivery_id = (select delivery_id from applied_units where unit_id = {literal(unit_id)})""")
        # one that a higher revision has replaced does not stand
        work.execute(f"""
            delete from {work.returned_events} where exists (
                select 1 from identity i where i.event_key = {work.returned_events}.event_key and i.revision > {work.returned_events}.revision)""")
        contested.leave_out(work, work.returned_events)
        work.execute(f"""
            insert into waiting by name
            select e.* exclude (end_us, delivery_id, event_key, revision), e.end_us as known_us, q.reason_code as waits_for
            from {work.returned_events} e join ({_last_reason_sql()}) q on q.delivery_id = e.delivery_id and q.line_no = e.source_line""")
        work.execute(f"""
            insert into ledger.quarantine
            select q.* replace (1 as sign, {act.commit_id} as commit_id) from ({_last_reason_sql()}) q
            where (q.delivery_id, q.line_no) in (select (delivery_id, source_line) from {work.returned_events})""")
        work.execute(f"""
            update contested_rows set outcome = 'quarantined', reason_code = null from {work.returned_events} e
            where contested_rows.unit_id = e.unit_id and contested_rows.line_no = e.source_line""")
        work.execute(f"""
            insert into {work.delivery_changes}
            select delivery_id, 0, -count(*) filter (not is_corrected), 0, -count(*) filter (is_corrected), count(*) from (
                -- one that has replaced a lower revision was counted as its correction
                select delivery_id, exists (select 1 from identity i where i.event_key = e.event_key and i.revision < e.revision) as is_corrected
                from {work.returned_events} e) group by all""")
        work.execute(f"insert into {work.ends} select {event_id_sql('event_key', 'revision')}, end_us from {work.returned_events}")
        work.execute(f"insert into {work.ended_revisions} select event_key, revision, end_us from {work.returned_events}")


def _last_reason_sql() -> str:
    """SQL of the newest row of quarantine of each line that has waited for approval."""
    return f"""
        select * from ledger.quarantine where reason_code in {OF_APPROVAL}
        qualify row_number() over (partition by delivery_id, line_no order by commit_id desc, sign desc) = 1"""


def reference_rows(spool: Spool, manifest: Manifest, *, formers_us: tuple[int, ...] = ()) -> list[ReferenceRow]:
    """The rows of a unit of reference, in their order; see `ReferenceRow` for `formers_us`."""
    if manifest.segment is None or manifest.entity is None:
        return []
    import polars as pl

    known_us = micros(manifest.known_at)
    rows: list[dict[str, Any]] = pl.read_parquet(spool.segment_path(manifest.feed, manifest.segment)).to_dicts()
    return [
        ReferenceRow(
            manifest.entity, {k: v for k, v in row.items() if k != "source_line"}, int(row["source_line"]), known_us, formers_us=formers_us
        )
        for row in rows
    ]


def accepted_reference(work: Work, spool: Spool, decisions: Sequence[Decision]) -> list[tuple[str, ReferenceRow]]:
    """The reference rows that these decisions accept and that wait for it, with their delivery, as known from the decision on."""
    wanted = {(one.delivery_id, one.line_no): micros(one.decided_at) for one in decisions if one.kind == "accept_row"}
    lines: dict[str, set[int]] = defaultdict(set)
    for delivery, feed, _, line, _ in for_approval(work) if wanted else ():
        if feed == "reference" and (delivery, line) in wanted:
            lines[delivery].add(line)
    found = []
    for delivery, mine in lines.items():
        for (unit_id,) in work.execute("select unit_id from applied_units where delivery_id = ? order by unit_id", [delivery]).fetchall():
            for row in reference_rows(spool, spool.read_manifest(unit_id)):
                if row.line_no in mine:
                    accepted = dataclasses.replace(row, known_us=wanted[delivery, row.line_no], is_accepted=True)
                    found.append((delivery, accepted))
    return found
