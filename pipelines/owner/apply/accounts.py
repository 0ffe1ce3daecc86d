"""Every row of every delivery ends somewhere, and it is written where.

Belongs here: delivery counts, quarantine, what waits and what is tried again. Does not belong here: judging rows
(`batch.py`) or posting them (`owner.posting`). Law: rows_in = accepted + duplicate + corrected + quarantined.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from pipelines.events import EVENT_SCHEMA
from pipelines.feeds.reading.blanks import visible
from pipelines.feeds.reasons import APPROVAL, MEANING, WAITS
from pipelines.ledger.instants import micros
from pipelines.ledger.keys import key_sql
from pipelines.owner.apply import contested, drift
from pipelines.owner.apply.batch import Unit
from pipelines.owner.apply.resolve import Incoming
from pipelines.owner.reference.rows import ReferenceRow
from pipelines.owner.working import Table, Work
from pipelines.spool import Manifest, Spool
from pipelines.sql_text import listed, one_of

_WAITS_FOR_LINE: Final = ("void_without_target", "void_exceeds_sale")
_MAY_GO_ON: Final = sorted(WAITS - {"future_time", "ambiguous_order"})
_KEY: Final = key_sql()
_SHOWN: Final = frozenset(EVENT_SCHEMA) - {"key_hi", "key_lo", "target_hi", "target_lo", "payload_hash", "source_line", "local_fields"}
"""What is kept of a row in quarantine: what the event says, and nothing by which the owner finds it."""


def begin(work: Work, manifests: Sequence[Manifest]) -> None:
    """Open the accounts of the batch: every parsed row counts as accepted until something else is said of it."""
    work.make(work.delivery_changes, work.batch_manifests)
    if not manifests:
        return
    work.hold(work.batch_manifests, [
        (m.unit_id, m.delivery_id, m.feed, m.source_system, m.source_uri, m.content_sha256, micros(m.known_at), m.units_in_delivery, m.sequence, m.segment,
         m.occurred_min, m.occurred_max, m.rows_in, m.rows_parsed, m.rows_rejected) for m in manifests
    ])  # fmt: skip
    work.execute(f"""
        insert into delivery_state
        select delivery_id, feed, source_system, source_uri, content_sha256, known_us, units_in_delivery, 0, reading_no
        from (select distinct on (delivery_id) * from {work.batch_manifests}) m
        where delivery_id not in (select delivery_id from delivery_state)""")
    work.execute(f"""
        insert into {work.delivery_changes}
        select delivery_id, sum(rows_in), sum(rows_parsed), 0, 0, sum(rows_rejected) from {work.batch_manifests} group by all""")


def units_of(work: Work, manifests: Sequence[Manifest], spool: Spool) -> list[Unit]:
    """The batch's view of the manifests that have a segment."""
    return [
        Unit(
            m.unit_id,
            m.delivery_id,
            m.feed,
            m.source_system,
            micros(m.known_at),
            spool.segment_path(m.feed, m.segment),
            tuple(m.columns),
            m.constants,
            (_utc_micros(m.occurred_min), _utc_micros(m.occurred_max)) if m.occurred_min and m.occurred_max else None,
        )
        for m in manifests
        if m.segment is not None
    ]


def _utc_micros(text: str) -> int:
    """µs of a time as a manifest has it, without a zone, taken as UTC."""
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def no_retries(work: Work) -> None:
    """Make `retried`, without a row."""
    work.execute(f"create or replace temp table {work.retried} as select * from waiting limit 0")


def choose_retries(work: Work, units: Sequence[Unit], *, is_more_known: bool, is_more_accepted: bool = False, now_us: int) -> list[Unit]:
    """Put into `retried` the waiting rows whose time may have come; returns their units."""
    if not work.count("waiting"):
        return []
    work.execute(f"insert into {work.retried} select * from waiting where wait_until_us <= ?", [now_us])
    if is_more_accepted and not is_more_known:
        work.execute(f"insert into {work.retried} select * from waiting where waits_for in {one_of(sorted(APPROVAL))}")
    if is_more_known:
        work.execute(f"insert into {work.retried} select * from waiting where waits_for in {one_of(_MAY_GO_ON)}")
    elif units:
        incoming = Incoming([u.path for u in units if u.path], {column for u in units for column in u.columns}, retries=False)
        paths = listed(incoming.segments)
        targets = " union select target_hi, target_lo from keys" if incoming.has("target_hi") else ""
        halves = "key_hi, key_lo" + (", target_hi, target_lo" if incoming.has("target_hi") else "")
        work.execute(f"""
            insert into {work.retried}
            with keys as (select {halves} from read_parquet([{paths}], union_by_name = true))
            select * from waiting where waits_for in {one_of(_WAITS_FOR_LINE)}
                and (target_hi, target_lo) in (select (key_hi, key_lo) from (select key_hi, key_lo from keys{targets}))""")
    work.execute(f"""
        insert into {work.retried} select * from waiting where waits_for in {one_of(_WAITS_FOR_LINE)}
            and (target_hi, target_lo) in (select (key_hi, key_lo) from {work.retried} union select (target_hi, target_lo) from {work.retried})
            and (unit_id, source_line) not in (select (unit_id, source_line) from {work.retried})""")
    contested.leave_out(work, work.retried, _KEY)
    rows = work.execute(f"""
        select distinct r.unit_id, a.delivery_id, a.feed, d.source_system, a.known_us from {work.retried} r
        join applied_units a using (unit_id) join delivery_state d using (delivery_id)""").fetchall()
    return [Unit(unit, delivery, feed, system, known, path=None, columns=()) for unit, delivery, feed, system, known in rows]


def reference_outcomes(
    work: Work, manifest: Manifest, rows: Sequence[ReferenceRow], outcomes: Sequence[tuple[str, str]], commit_id: int
) -> None:
    """Account for the rows of a reference file: those not accepted were duplicates or are set aside with a reason."""
    duplicates, corrected = (sum(outcome == name for outcome, _ in outcomes) for name in ("duplicate", "corrected"))
    refused = [
        (row, code, reason)
        for row, (code, reason) in zip(rows, outcomes, strict=True)
        if code not in ("accepted", "duplicate", "corrected")
    ]
    work.execute(
        f"insert into {work.delivery_changes} values (?, 0, ?, ?, ?, ?)",
        [manifest.delivery_id, -duplicates - corrected - len(refused), duplicates, corrected, len(refused)],
    )
    for row, code, reason in refused:
        work.execute(
            "insert into ledger.quarantine values (?, 'reference', ?, ?, ?, ?, ?, ?::TIMESTAMPTZ, 1, ?)",
            [manifest.delivery_id, row.line_no, code, reason, payload_text(row.cells), code in WAITS, manifest.known_at, commit_id],
        )


def settle_reference(work: Work, accepted: Sequence[tuple[str, int, str]], commit_id: int) -> None:
    """Account for reference rows (delivery_id, line_no, outcome) that waited for approval and are taken now."""
    work.hold(work.approved_rows, accepted)
    _leave_quarantine(work, work.approved_rows, commit_id)
    work.execute(f"""
        insert into {work.delivery_changes}
        select delivery_id, 0, count(*) filter (outcome = 'accepted'), count(*) filter (outcome = 'duplicate'), 0,
            count(*) filter (outcome not in ('accepted', 'duplicate')) - count(*) from {work.approved_rows} group by all""")


def write_outcomes(work: Work, incoming: Incoming, commit_id: int) -> None:
    """Write what became of the batch's rows: counts, quarantine rows, what waits, what no longer waits."""
    waits = listed(sorted(WAITS))
    _settle_retried(work, waits, commit_id)
    _settle_overtaken(work, commit_id)
    fresh = f"{work.exceptions} x join {work.batch_units} u using (unit_no) where not u.is_retry"
    if not work.count(f"{fresh}"):
        return
    work.execute(f"""
        insert into {work.delivery_changes}
        select u.delivery_id, 0, -count(*), count(*) filter (x.outcome = 'duplicate'), count(*) filter (x.outcome in ('corrected', 'overtaken')),
            count(*) filter (x.outcome = 'quarantined')
        from {fresh} group by all""")
    gather_set_aside(work, incoming)
    quarantine(work)
    wait(work, incoming)


def gather_set_aside(work: Work, incoming: Incoming) -> None:
    """Make `set_aside_rows` of the batch's new rows that `exceptions` sets aside, as they came."""
    fresh = f"{work.exceptions} x join {work.batch_units} u using (unit_no) where not u.is_retry"
    set_aside = f"(select x.* from {fresh} and x.outcome = 'quarantined')"
    raw = f"(select i.* from ({incoming.relation()}) i semi join {set_aside} x on x.unit_no = i.unit_no and x.line_no = i.source_line)"
    work.execute(f"create or replace temp table {work.set_aside_rows} as select * from {raw}")


def quarantine(work: Work) -> None:
    """Write the quarantine rows of `set_aside_rows`."""
    _quarantine(work, work.set_aside_rows)


def wait(work: Work, incoming: Incoming) -> None:
    """Keep those of `set_aside_rows` that wait."""
    waits = listed(sorted(WAITS))
    have = [name for name in EVENT_SCHEMA if incoming.has(name)]
    work.execute(f"""
        insert into waiting by name
        select u.unit_id, s.known_us, x.reason_code as waits_for,
            case when x.reason_code = 'future_time' then (select max(r.occurred_us) from {work.resolved} r where r.unit_no = x.unit_no and r.line_no = x.line_no) end
                as wait_until_us, {", ".join(f"s.{name}" for name in have)}
        from {work.set_aside_rows} s join {work.exceptions} x on x.unit_no = s.unit_no and x.line_no = s.source_line and x.reason_code in ({waits})
        join {work.batch_units} u on u.unit_no = s.unit_no""")


def _quarantine(work: Work, rows: Table) -> None:
    """Quarantine rows with reason and payload, of the raw events in a table that has unit_no and source_line."""
    tell(
        work,
        f"""
        select u.delivery_id as "_delivery", u.known_us as "_known", x.reason_code as "_reason", s.* from {rows} s
        join {work.exceptions} x on x.unit_no = s.unit_no and x.line_no = s.source_line and x.outcome = 'quarantined'
        join {work.batch_units} u on u.unit_no = s.unit_no""",
    )


def tell(work: Work, query: str) -> None:
    """Write quarantine rows of raw events that a query gives, with `_delivery`, `_known` (µs) and `_reason`."""
    cursor = work.execute(query)
    names = [column[0] for column in cursor.description or ()]
    found = []
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        cells = _as_sent({name: value for name, value in row.items() if name in _SHOWN})
        code = row["_reason"]
        reason = MEANING[code].format_map(_Shown(cells))
        found.append((row["_delivery"], row["feed"], row["source_line"], code, reason, payload_text(cells), code in WAITS, row["_known"]))
    if not found:
        return
    work.hold(work.quarantine_rows, found)
    work.execute(f"""
        insert into ledger.quarantine select delivery_id, feed, line_no, reason_code, reason, payload, is_waiting, make_timestamptz(known_us), 1,
            (select max(commit_id) + 1 from commits)
        from {work.quarantine_rows}""")


def _settle_retried(work: Work, waits: str, commit_id: int) -> None:
    if not work.count(work.retried):
        return
    work.execute(f"""
        create or replace temp table {work.settled} as
        select r.unit_id, r.source_line::BIGINT as line_no, r.key_hi, r.key_lo, r.waits_for, u.unit_no, u.delivery_id, x.reason_code,
            coalesce(x.outcome, 'accepted') as outcome
        from {work.retried} r join {work.batch_units} u on u.unit_id = r.unit_id and u.is_retry
        left join {work.exceptions} x on x.unit_no = u.unit_no and x.line_no = r.source_line
        where x.reason_code is distinct from r.waits_for""")
    _take_out(work, work.settled, commit_id)
    work.execute(f"""
        insert into {work.delivery_changes}
        select delivery_id, 0, count(*) filter (outcome = 'accepted'), count(*) filter (outcome = 'duplicate'), count(*) filter (outcome in ('corrected', 'overtaken')),
            count(*) filter (outcome = 'quarantined') - count(*) from {work.settled} group by all""")
    work.execute(f"""
        create or replace temp table {work.again_rows} as
        select u.unit_no, r.*, u.feed from {work.retried} r join {work.settled} s on s.unit_id = r.unit_id and s.line_no = r.source_line and s.outcome = 'quarantined'
        join {work.batch_units} u on u.unit_no = s.unit_no""")
    _quarantine(work, work.again_rows)
    work.execute(f"""
        insert into waiting by name
        select r.* replace (s.reason_code as waits_for) from {work.retried} r
        join {work.settled} s on s.unit_id = r.unit_id and s.line_no = r.source_line and s.reason_code in ({waits})""")
    work.execute(f"""
        delete from identity where event_key in (select {_KEY} from {work.settled} where outcome = 'quarantined' and reason_code not in ({waits}))""")


def _settle_overtaken(work: Work, commit_id: int) -> None:
    """A waiting row overtaken by a higher revision counts as corrected."""
    if not work.count(work.ended_revisions) or not work.count("waiting"):
        return
    work.execute(f"""
        create or replace temp table {work.overtaken} as
        select w.unit_id, w.source_line::BIGINT as line_no, a.delivery_id from waiting w join applied_units a using (unit_id)
        where ({_KEY}, coalesce(source_revision, 0)) in (select (event_key, revision) from {work.ended_revisions})""")
    _take_out(work, work.overtaken, commit_id)
    work.execute(f"insert into {work.delivery_changes} select delivery_id, 0, 0, 0, count(*), -count(*) from {work.overtaken} group by all")


def _take_out(work: Work, rows: Table, commit_id: int) -> None:
    """Take rows (unit_id, delivery_id, line_no) out of what waits and out of quarantine."""
    work.execute(f"delete from waiting where (unit_id, source_line::BIGINT) in (select (unit_id, line_no) from {rows})")
    _leave_quarantine(work, rows, commit_id)


def _leave_quarantine(work: Work, rows: Table, commit_id: int) -> None:
    """Take what waits of these rows (delivery_id, line_no) out of quarantine."""
    work.execute(f"""
        insert into ledger.quarantine
        select q.* replace (-1 as sign, {commit_id} as commit_id) from ledger.quarantine q
        where q.is_waiting and (q.delivery_id, q.line_no) in (select (delivery_id, line_no) from {rows})
        qualify sum(q.sign) over (partition by q.delivery_id, q.line_no, q.reason_code) > 0
            and row_number() over (partition by q.delivery_id, q.line_no, q.reason_code order by q.commit_id desc) = 1""")


def close(work: Work, manifests: Sequence[Manifest], spool: Spool, commit_id: int, now_us: int) -> None:
    """Close the batch's accounts: units applied, rejects set aside, additions to the deliveries."""
    if manifests:
        work.execute(f"""
            insert into applied_units
            select unit_id, delivery_id, feed, segment, known_us, epoch_us(occurred_min::TIMESTAMP), epoch_us(occurred_max::TIMESTAMP), {commit_id}
            from {work.batch_manifests}""")
        work.execute(f"""
            update delivery_state set units_applied = units_applied + n.units
            from (select delivery_id, count(*) as units from {work.batch_manifests} group by all) n where delivery_state.delivery_id = n.delivery_id""")
    for manifest in manifests:
        if manifest.rejects:
            work.execute(
                f"""insert into ledger.quarantine
                select ?, ?, line_no, reason_code, reason, payload, false, ?::TIMESTAMPTZ, 1, {commit_id} from read_parquet(?)""",
                [manifest.delivery_id, manifest.feed, manifest.known_at, str(spool.rejects_path(manifest.rejects))],
            )
    drift.write_fields(work, manifests, commit_id)
    done = [m.delivery_id for m in manifests]
    work.execute(
        f"""insert into ledger.deliveries
        select c.delivery_id, d.feed, d.source_system, d.source_uri, sum(c.rows_in)::BIGINT, sum(c.accepted)::BIGINT, sum(c.duplicate)::BIGINT,
            sum(c.corrected)::BIGINT, sum(c.quarantined)::BIGINT, make_timestamptz(d.known_us),
            case when d.units_applied = d.units_expected and list_contains(?::VARCHAR[], d.delivery_id) then make_timestamptz({now_us}) end, {commit_id}
        from {work.delivery_changes} c join delivery_state d using (delivery_id) group by all""",
        [done],
    )


def _as_sent(cells: dict[str, Any]) -> dict[str, Any]:
    """A raw event's cells as its sender would write them: a time with its offset, numbers without idle zeros."""
    shown = {name: _shown(value) for name, value in cells.items() if value is not None}
    offset = cells.get("occurred_offset_minutes")
    if offset is not None:
        with contextlib.suppress(OverflowError):  # a version before took times at the end of all calendars
            local = cells["occurred_at"].replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=offset)))
            shown["occurred_at"] = local.isoformat()
            del shown["occurred_offset_minutes"]
    return shown


class _Shown(dict[str, Any]):
    """Cells for a reason's text: what nobody would see in them is written out, what is missing shows as a question mark."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return visible(value) if isinstance(value, str) else value

    def __missing__(self, key: str) -> str:
        return "?"


def payload_text(cells: dict[str, Any]) -> str:
    """A row as JSON, nulls left out; personal fields were pruned before."""
    return json.dumps({name: _shown(value) for name, value in cells.items() if value is not None}, ensure_ascii=False)


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
