"""Settling contested keys: what became of each row that has one, and what its event posts.

Belongs here: reading the rows again, writing what is judged of them, and having their events posted again. Does not belong here:
which keys are contested (`contested.py`), the judgement itself (`tenure.py`).

An ordinary row is judged once, against what was there. What a contested one comes to depends on rows that may end, so all
rows of its key are read again from their segments, judged over known time, and what they posted is made equal to what should stand.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.feeds.reasons import MEANING, WAITS
from pipelines.ledger.keys import key_sql
from pipelines.owner.apply import accounts, batch, contested, documents, explode, lives, reread, tenure
from pipelines.owner.apply.resolve import Incoming
from pipelines.owner.posting import interplay, touched, voids
from pipelines.owner.posting.allocate import DEFAULT_REF_KIND
from pipelines.owner.working import Work
from pipelines.spool import Spool
from pipelines.sql_text import listed, one_of

_KEY: Final = key_sql()
_NOW: Final = 1 << 62
"""After every commit."""
_MOST_ROUNDS: Final = 20
"""Voids follow their lines, and voids of the same line each other: a few rounds; what is left is settled when it comes up again."""
_COUNTED: Final = ("accepted", "duplicate", "corrected", "quarantined")


@dataclasses.dataclass(slots=True)
class _Line:
    """A row of a contested key as it was read again, with where it stands and what is said of it."""

    unit_no: int
    line_no: int
    unit_id: str
    delivery_id: str
    event_key: str
    is_new: bool
    row: tenure.Row
    arrival: tuple[Any, ...]
    verdict: tenure.Verdict = dataclasses.field(default_factory=lambda: tenure.Verdict("accepted"))


def settle(work: Work, spool: Spool, commit_id: int, now_us: int) -> None:
    """Judge every row of the contested keys anew and post again what they say; then what waits of replaced readings, and voids."""
    for number in range(_MOST_ROUNDS):
        if number == 1:
            contested.contest_left_behind(work)
        if work.count(work.contested):
            work.execute(f"create or replace temp table {work.contested_now} as select distinct event_key from {work.contested}")
            work.make(work.contested)
            _settle(work, spool, commit_id, now_us, is_first=number == 0)
            _contest_next(work)
        elif number:
            return


def _settle(work: Work, spool: Spool, commit_id: int, now_us: int, *, is_first: bool) -> None:
    units = _units(work, spool)
    incoming = batch.bring_together(work, units, now_us=now_us, only=f"{key_sql('s.')} in (select event_key from {work.contested_now})")
    profile = batch.profile(work)
    explode.explode(work, profile)
    _set_aside_ambiguous(work)
    lines = _read(work, units, is_first=is_first)
    standing = lives.of_deliveries(work, {unit.delivery_id for unit in units})
    _judge(lines, standing)
    recorded = _recorded(work, lines, standing)
    _hold(work, lines, standing, recorded)
    if profile.any_of(*voids.VOID_KINDS):
        _aim_voids(work)
    _count(work)
    _show(work, incoming, commit_id)
    _post(work, commit_id)
    _let_voids_wait(work, incoming)


def _units(work: Work, spool: Spool) -> list[batch.Unit]:
    """The units of events, the batch's too, that have a row of a contested key."""
    rows = work.execute(f"""
        select unit_id, a.delivery_id, a.feed, d.source_system, a.known_us, segment from applied_units a join delivery_state d using (delivery_id)
        where segment is not null and a.feed <> 'reference'
        union all select unit_id, delivery_id, feed, source_system, known_us, segment from {work.batch_manifests}
        where segment is not null and feed <> 'reference' order by unit_id""").fetchall()
    by_path = {str(spool.segment_path(feed, segment)): (unit, of, feed, system, known) for unit, of, feed, system, known, segment in rows}
    if not by_path:
        return []
    found = work.execute(f"""
        select distinct filename from read_parquet([{listed(list(by_path))}], filename = true, union_by_name = true)
        where {_KEY} in (select event_key from {work.contested_now}) order by all""").fetchall()
    return [batch.Unit(*by_path[path], path=Path(path), columns=()) for (path,) in found]


def _set_aside_ambiguous(work: Work) -> None:
    batch.set_aside(
        work,
        f"""select unit_no, line_no from {work.resolved} where problem is null and event_kind = 'ship' and channel_id is null
            and document_kind = 'so' and document_id in (
                select document_id from order_channels group by all having count(distinct channel_id) > 1)""",
        "ambiguous_order",
    )


def _read(work: Work, units: Sequence[batch.Unit], *, is_first: bool) -> list[_Line]:
    """The rows of `resolved`, one each, not judged yet. Those that the batch brought are new in the first round: they were left out until now."""
    came = {row[0] for row in work.execute(f"select unit_id from {work.batch_manifests}").fetchall()}
    arrived = dict(work.execute("select unit_id, commit_id from applied_units").fetchall())
    uris = {row[0]: row[1:] for row in work.execute("select delivery_id, source_uri, reading_no from delivery_state").fetchall()}
    rows = work.execute(f"""
        select r.unit_no, r.line_no, any_value(r.event_key)::VARCHAR, any_value(r.revision), any_value(r.payload_hash),
            coalesce(any_value(x.reason_code), arg_max_null(r.problem, r.until_us)), min(r.since_us) filter (r.problem is null)
        from {work.resolved} r left join {work.exceptions} x using (unit_no, line_no) group by r.unit_no, r.line_no""").fetchall()
    found = []
    for unit_no, line_no, key, revision, payload, problem, since_us in rows:
        unit = units[unit_no]
        turn = (*uris[unit.delivery_id], line_no)
        row = tenure.Row(revision, payload, turn, (), since_us or 0, problem, problem in WAITS)
        arrival = (arrived.get(unit.unit_id, _NOW), unit.known_us, *turn)
        found.append(_Line(unit_no, line_no, unit.unit_id, unit.delivery_id, key, is_first and unit.unit_id in came, row, arrival))
    return found


def _judge(lines: Sequence[_Line], standing: dict[str, lives.Tenure]) -> None:
    """Say what becomes of each line, in any order of its key's rows."""
    by_key: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        line.row.lives = standing[line.delivery_id].lives
        by_key[line.event_key].append(line)
    for several in by_key.values():
        for line, verdict in zip(several, tenure.judge([line.row for line in several]), strict=True):
            line.verdict = verdict


@dataclasses.dataclass(slots=True)
class _Recorded:
    """What was counted before: outcome and reason of lines that came before this batch, and which lines hold their identity."""

    outcomes: dict[tuple[str, int], tuple[str, str | None]]
    holders: dict[tuple[str, int], tuple[str, int, int]]


def _recorded(work: Work, lines: Sequence[_Line], standing: dict[str, lives.Tenure]) -> _Recorded:
    """What the accounts have of the lines: as recorded where they were contested before, else as they were judged when they came."""
    formers = listed(sorted({one.former_id for one in standing.values() if one.former_id}))
    rows = work.execute(f"""
        select unit_id, line_no, delivery_id, outcome, reason_code, is_holder, event_key::VARCHAR, revision, payload_hash from contested_rows
        where event_key in (select event_key from {work.contested_now}) or delivery_id in ({formers or "''"})""").fetchall()
    outcomes = {(unit_id, line_no): (outcome, reason) for unit_id, line_no, _, outcome, reason, *_ in rows}
    holders = {(of, line_no): (key, revision, payload) for _, line_no, of, _, _, is_holder, key, revision, payload in rows if is_holder}
    aside = {
        (of, line_no): reason
        for of, line_no, reason in work.execute(f"""
            select delivery_id, line_no, reason_code from ledger.quarantine
            where delivery_id in ({listed(sorted(standing)) or "''"}) and reason_code in {one_of(sorted(MEANING))} group by all having sum(sign) > 0""").fetchall()
    }
    before: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        if not line.is_new and (line.unit_id, line.line_no) not in outcomes:
            before[line.event_key].append(line)
    for several in before.values():
        reasons = [aside.get((line.delivery_id, line.line_no)) for line in several]
        alike = [
            tenure.Row(line.row.revision, line.row.payload, line.arrival, (tenure.Life((0, 0)),), 0, reason, reason in WAITS)
            for line, reason in zip(several, reasons, strict=True)
        ]
        for line, reason, verdict in zip(several, reasons, tenure.judge(alike), strict=True):
            is_quiet = (
                reason is None and line.row.problem is not None and not line.row.waits
            )  # a copy's, of which an earlier version told nothing
            # one that waited when a higher revision came
            is_overtaken = line.row.waits and any(other.row.revision > line.row.revision for other in several)
            outcome = "duplicate" if is_quiet else "corrected" if is_overtaken and verdict.is_holder else verdict.outcome
            outcomes[line.unit_id, line.line_no] = ("quarantined", reason) if reason else (outcome, None)
    return _Recorded(outcomes, holders)


def _hold(work: Work, lines: Sequence[_Line], standing: dict[str, lives.Tenure], recorded: _Recorded) -> None:
    """Write what was judged: verdicts and spans for the next steps, and who holds which identity."""
    held = recorded.holders | {
        (line.delivery_id, line.line_no): (line.event_key, line.row.revision, line.row.payload) for line in lines if line.verdict.is_holder
    }
    rows = []
    for line in lines:
        of, verdict = standing[line.delivery_id], line.verdict
        former = held.get((of.former_id, line.line_no)) if of.former_id and verdict.is_holder else None
        outcome = verdict.outcome
        if former is not None and outcome in ("accepted", "corrected"):
            is_same = former == (line.event_key, line.row.revision, line.row.payload)
            outcome = "duplicate" if is_same else "corrected"
        known = recorded.outcomes.get((line.unit_id, line.line_no))
        is_aside = outcome == "quarantined"
        waits = is_aside and verdict.is_holder
        shows = is_aside and (of.lives_now or (not of.is_replaced and not waits))
        counts = (outcome, verdict.reason) if of.lives_now or known is None else known
        rows.append(
            (line.unit_no, line.line_no, line.unit_id, line.delivery_id, line.event_key, line.row.revision, line.row.payload,
             of.lives[-1].begin[0], *counts, "accepted" if line.is_new or known is None else known[0],
             verdict.is_holder, of.lives_now, verdict.reason if shows else None, waits and of.lives_now)
        )  # fmt: skip
    work.hold(work.verdicts, rows)
    spans = [(line.unit_no, line.line_no, *span) for line in lines for span in line.verdict.spans]
    work.hold(work.tenures, spans)
    work.execute(f"delete from identity where event_key in (select event_key from {work.contested_now})")
    work.execute(f"""
        insert into identity select event_key::UUID, revision, payload_hash, known_us from {work.verdicts} where is_holder and is_live""")
    work.execute(f"delete from line_keys where event_key in (select event_key from {work.contested_now})")
    work.execute(f"""
        insert into line_keys select distinct r.target, r.event_key from {work.resolved} r join {work.verdicts} v using (unit_no, line_no)
        where r.event_kind = 'sale' and r.target is not null and v.is_holder and v.is_live and not v.is_waiting""")
    work.execute(f"delete from waiting where {_KEY} in (select event_key from {work.contested_now})")


def _aim_voids(work: Work) -> None:
    """Find what voids take back: those of a reading that does not live the sale as that reading had it, the others the one that stands."""
    work.execute(f"""
        create or replace temp table {work.aimed} as
        with sales as (
            select v.delivery_id, coalesce(r.target, r.event_key) as line, min(r.event_key) as event_key
            from {work.resolved} r join {work.verdicts} v using (unit_no, line_no) where r.event_kind = 'sale' group by all)
        select r.unit_no, r.line_no, s.event_key as target
        from {work.resolved} r join {work.verdicts} v using (unit_no, line_no) join sales s on s.delivery_id = v.delivery_id and s.line = r.target
        where r.event_kind = 'sale_void' and not v.is_live""")
    voids.find_voided(work)
    work.execute(f"""
        update {work.resolved} set target = a.target from {work.aimed} a
        where {work.resolved}.unit_no = a.unit_no and {work.resolved}.line_no = a.line_no""")


def _count(work: Work) -> None:
    """Add to the deliveries' counts what is counted otherwise now, and record it."""
    sums = ", ".join(f"count(*) filter (outcome = '{name}') - count(*) filter (counted_as = '{name}')" for name in _COUNTED)
    work.execute(f"""
        insert into {work.delivery_changes} select delivery_id, 0, {sums} from {work.verdicts} where outcome <> counted_as group by delivery_id""")
    work.execute(f"delete from contested_rows where event_key in (select event_key from {work.contested_now})")
    work.execute(f"""
        insert into contested_rows select unit_id, line_no, delivery_id, event_key::UUID, revision, payload_hash, outcome, reason_code, is_holder
        from {work.verdicts}""")


def _show(work: Work, incoming: Incoming, commit_id: int) -> None:
    """Make quarantine and what waits equal to what was judged."""
    shown = f"(select delivery_id, line_no, shown_reason from {work.verdicts} where shown_reason is not null)"
    standing = f"""(
        select * exclude (sign, commit_id), sum(sign) as copies from ledger.quarantine
        where (delivery_id, line_no) in (select (delivery_id, line_no) from {work.verdicts}) and reason_code in {one_of(sorted(MEANING))}
        group by all having copies > 0)"""
    work.make(work.exceptions)
    work.execute(f"""
        insert into {work.exceptions} select unit_no, line_no, 'quarantined', shown_reason from {work.verdicts} v
        where shown_reason is not null and (delivery_id, line_no, shown_reason) not in (select (delivery_id, line_no, reason_code) from {standing})""")
    work.execute(f"""
        insert into ledger.quarantine select * exclude (copies), (-copies)::TINYINT, {commit_id} from {standing}
        where (delivery_id, line_no, reason_code) not in (select (delivery_id, line_no, shown_reason) from {shown})""")
    accounts.gather_set_aside(work, incoming)
    accounts.quarantine(work)
    work.make(work.exceptions)
    work.execute(f"""
        insert into {work.exceptions} select unit_no, line_no, 'quarantined', reason_code from {work.verdicts} where is_waiting""")
    accounts.gather_set_aside(work, incoming)
    accounts.wait(work, incoming)
    work.make(work.exceptions, work.limits)


def _post(work: Work, commit_id: int) -> None:
    """Make what the events of the contested keys post equal to what stands now."""
    reread.name_events(work)
    touched.begin(work)
    _touch_kept(work)
    work.execute(f"""
        create or replace temp table {work.lived} as
        select r.* replace (greatest(r.since_us, t.since_us) as since_us, least(r.until_us, t.until_us) as until_us)
        from {work.resolved} r join {work.tenures} t using (unit_no, line_no)
        where r.problem is null and greatest(r.since_us, t.since_us) < least(r.until_us, t.until_us)""")
    # what never stood stays for its documents, partners and places to be looked over: it may have stood as other rows came
    work.execute(f"""
        insert into {work.lived} select r.* replace (since_us as until_us) from {work.resolved} r
        where problem is null and (unit_no, line_no) not in (select (unit_no, line_no) from {work.lived})""")
    work.execute(f"create or replace temp table {work.resolved} as from {work.lived}")
    documents.place_orders(work)
    batch.accept(work)
    reread.keep_again(work, commit_id)
    _touch_kept(work)
    work.make(work.changed_codes)
    touched.by_reread(work)
    reread.repost_whole(work)
    _place_order_numbers(work)
    interplay.post_interplay(work)


def _touch_kept(work: Work) -> None:
    """Touch what the kept events of the contested keys concern: documents, those that a notice answers, and voided lines."""
    chosen = f"event_id in (select event_id from {work.reread_events})"
    work.execute(f"""
        insert into {work.touched_docs} select distinct document_kind, document_id from kept_events where document_id is not null and {chosen}
        union select coalesce(ref_document_kind, '{DEFAULT_REF_KIND}'), ref_document_id from kept_events
        where event_kind = 'asn' and ref_document_id is not null and {chosen}""")
    work.execute(f"insert into {work.touched_keys} select target from kept_events where target is not null and {chosen}")


def _place_order_numbers(work: Work) -> None:
    """Of the orders that were settled, keep on which channels their numbers stand now."""
    orders = f"(select document_id from {work.reread_events} where event_kind = 'order_placed' and document_id is not null)"
    if not work.count(orders):
        return
    work.execute(f"delete from order_channels where document_id in {orders}")
    work.execute(f"""
        insert into order_channels select document_id, channel_id, min(known_us) from (
            select event_id, sub_no, document_id, channel_id, min(epoch_us(known_at)) as known_us from ledger.events
            where event_kind = 'order_placed' and document_id in {orders} group by event_id, sub_no, document_id, channel_id having sum(sign) > 0)
        group by all""")


def _let_voids_wait(work: Work, incoming: Incoming) -> None:
    """Voids that get nothing of their line wait; those whose keys are not contested yet are settled next."""
    if not work.count(work.exceeding):
        return
    work.make(work.exceptions)
    work.execute(f"""
        insert into {work.exceptions} select distinct unit_no, line_no, 'quarantined', x.reason_code
        from {work.verdicts} v join {work.resolved} r using (unit_no, line_no) join {work.exceeding} x using (event_id)
        where v.is_live and v.is_holder and v.outcome <> 'quarantined'""")
    work.execute(f"""
        insert into {work.delivery_changes}
        select delivery_id, 0, {", ".join(f"-count(*) filter (outcome = '{name}')" for name in _COUNTED[:3])}, count(*)
        from (select v.* from {work.verdicts} v semi join {work.exceptions} using (unit_no, line_no)) group by delivery_id""")
    work.execute(f"""
        update contested_rows set outcome = 'quarantined', reason_code = x.reason_code
        from (select v.unit_id, v.line_no, e.reason_code from {work.verdicts} v join {work.exceptions} e using (unit_no, line_no)) x
        where contested_rows.unit_id = x.unit_id and contested_rows.line_no = x.line_no""")
    accounts.gather_set_aside(work, incoming)
    accounts.quarantine(work)
    accounts.wait(work, incoming)
    work.execute(f"""
        insert into {work.contested} select k.event_key from kept_events k semi join {work.exceeding} using (event_id)
        where k.event_key not in (select event_key from {work.contested_now})""")


def _contest_next(work: Work) -> None:
    """Contest what the keys settled now let wait or go on: voids of their lines, shipments of their orders' numbers."""
    work.execute(f"""
        insert into {work.contested}
        with goals as (
            select event_key as goal, event_key from {work.contested_now}
            union all select target, event_key from line_keys where event_key in (select event_key from {work.contested_now})),
        found as (
            select {key_sql("w.")} as event_key from waiting w join goals g on g.goal = {key_sql("w.", "target")}
                where w.waits_for in {one_of((voids.WITHOUT_TARGET, voids.EXCEEDS))} and g.event_key in (select event_key from identity)
            union select {_KEY} from waiting where waits_for = 'ambiguous_order' and document_id in (
                    select document_id from {work.reread_events} where event_kind = 'order_placed')
                and document_id not in (select document_id from order_channels group by all having count(distinct channel_id) > 1))
        select event_key from found where event_key not in (select event_key from {work.contested_now})""")
