"""A reference version that changes the past: what it touches is read again from its segments and posted again.

Belongs here: finding the events that a changed code concerns, and having them posted anew. Does not belong here:
versions (`owner.reference.versions`) and the mechanism of re-posting (`owner.posting.moves`).
"""

from __future__ import annotations

from typing import Final

from pipelines.feeds.registry import EPCIS_FEEDS
from pipelines.ledger.ids import code_id
from pipelines.ledger.keys import key_sql
from pipelines.owner.apply import approval, batch, contested, documents, explode, unpost
from pipelines.owner.apply.resolve import channel_sql
from pipelines.owner.posting import interplay, moves, touched, voids
from pipelines.owner.posting.posting import COUNT_KINDS, posting_kinds, whole_intents_sql
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.spool import Spool
from pipelines.sql_text import literal, one_of


def post_again(work: Work, spool: Spool, changed: set[tuple[str, str]], commit_id: int, now_us: int) -> int:
    """Post again every applied event that the changed codes concern; returns how many events were read again."""
    work.make(work.changed_codes)
    concerned = [_concerns(work, changed) if changed else "", _UNKNOWN_TAGS if has_unknown_tags(work) else ""]
    condition = " or ".join(part for part in concerned if part)
    units = _applied_units(work, spool) if condition else []
    if not units:
        return 0
    batch.bring_together(work, units, now_us=now_us, only=condition)
    contested.leave_out(work, work.resolved)
    _leave_what_stands(work)
    approval.let_stand(work)
    profile = batch.profile(work)
    explode.explode(work, profile)
    if profile.any_of("sale_void"):
        voids.find_voided(work)
    documents.place_orders(work)
    batch.accept(work)
    name_events(work)
    keep_again(work, commit_id)
    touched.begin(work)
    touched.by_reread(work)
    repost_whole(work)
    interplay.post_interplay(work)
    unpost.let_voids_wait(work, spool, is_reread=True)
    return profile.rows


def _applied_units(work: Work, spool: Spool) -> list[batch.Unit]:
    """All units of events that were ever applied."""
    rows = work.execute("""
        select a.unit_id, a.delivery_id, a.feed, d.source_system, a.known_us, a.segment from applied_units a join delivery_state d using (delivery_id)
        where a.feed <> 'reference' and a.segment is not null order by a.unit_id""").fetchall()
    return [
        batch.Unit(
            unit_id, delivery_id, feed, source_system, known_us, spool.segment_path(feed, segment), _columns(work, spool, feed, segment)
        )
        for unit_id, delivery_id, feed, source_system, known_us, segment in rows
    ]


def _leave_what_stands(work: Work) -> None:
    """Of `resolved` leave the events that stand: accepted, of the payload that stands, each revision while it was the highest known."""
    work.execute(f"""
        create or replace temp table {work.standing_events} as
        select i.event_key, i.revision, i.payload_hash, min(h.known_us) as limit_us from identity i
        left join identity h on h.event_key = i.event_key and h.revision > i.revision
        where i.event_key in (select event_key from {work.resolved}) and i.event_key not in (
            select {key_sql()} from waiting) group by all""")
    # an event that a version cuts in two has one limit
    work.execute(f"""
        insert into {work.limits}
        select distinct unit_no, line_no, limit_us from {work.resolved} join {work.standing_events} using (event_key, revision, payload_hash)
        where limit_us is not null""")
    work.execute(f"""
        delete from {work.resolved} where (event_key, revision, payload_hash) not in (
            select (event_key, revision, payload_hash) from {work.standing_events})""")
    # of copies the first one stands
    work.execute(f"""
        delete from {work.resolved} where (unit_no, line_no) not in (
            select arg_min((unit_no, line_no), (known_us, unit_no, line_no)) from {work.resolved} group by event_key, revision)""")


def name_events(work: Work) -> None:
    """Make `reread_events` of the events in `resolved`: what they posted is posted again."""
    work.execute(f"""
        create or replace temp table {work.reread_events} as
        select distinct event_id, event_key, event_kind, document_kind, document_id from {work.resolved}""")


def keep_again(work: Work, commit_id: int) -> None:
    """Documents and kept events become what the events in `reread_events` mean now."""
    documents.replace(work, commit_id)
    for table in ("kept_events", "counts"):
        work.execute(f"delete from {table} where event_id in (select event_id from {work.reread_events})")
    interplay.keep(work)


def repost_whole(work: Work) -> None:
    """Post again what the events post by themselves."""
    moves.want(work, whole_intents_sql(work))
    work.execute(f"""
        create or replace temp table {work.scope} as select event_id from {work.reread_events}
        where event_kind in {one_of(sorted(posting_kinds() - set(COUNT_KINDS)))}
            and not (event_kind in ('receipt', 'ship') and (document_kind, document_id) in (select (kind, id) from {work.touched_docs}))""")
    moves.repost(work)


_UNKNOWN: Final = f"kept_events where epc is not null and item_id is null and until_us = {END}"
_UNKNOWN_TAGS: Final = f"(u.unit_id, source_line) in (select (unit_id, line_no) from {_UNKNOWN})"


def has_unknown_tags(work: Work) -> bool:
    """Whether a reader received goods of which no item has the GTIN yet: they post when one has."""
    return bool(work.count(_UNKNOWN))


def _columns(work: Work, spool: Spool, feed: str, segment: str) -> tuple[str, ...]:
    path = literal(spool.segment_path(feed, segment))
    return tuple(
        row[0] for row in work.execute(f"select name from parquet_schema({path}) where num_children is null or name = 'epcs'").fetchall()
    )


def _concerns(work: Work, changed: set[tuple[str, str]]) -> str:
    """SQL that chooses the raw events that the changed codes concern."""
    work.executemany(f"insert into {work.changed_codes} values (?, ?)", sorted(changed))
    things = {thing for thing, _ in changed}
    ids = [[str(code_id("item", code))] for thing, code in changed if thing in ("item", "kit", "uom")]
    if ids:
        work.executemany(f"insert into {work.changed_codes} values ('item id', ?)", ids)
    work.execute(f"""
        insert into {work.changed_codes}
        select 'item code', c.code from code_items c where c.named_item_id in (select code::BIGINT from {work.changed_codes} where thing = 'item id')
        union select 'item code', code from {work.changed_codes} where thing in ('item', 'kit', 'uom')
        union select 'place', l.code from code_locations l where l.location_id in (
            select location_id from code_locations where code in (select code from {work.changed_codes} where thing = 'location'))
        union select 'place', code from {work.changed_codes} where thing = 'location'""")

    def codes_of(thing: str) -> str:
        return f"(select code from {work.changed_codes} where thing = '{thing}')"

    parts = []
    if things & {"item", "kit", "uom"}:
        # which item a tag is, and of how many units, says its class
        parts.append(f"item_code in {codes_of('item code')} or (u.feed in {one_of(EPCIS_FEEDS)} and biz_step = '{explode.RECEIVING}')")
    if ("uom", "*") in changed:
        parts.append("uom_code is not null")
    if "location" in things:
        parts.append(f"location_code in {codes_of('place')} or to_location_code in {codes_of('place')}")
    if things & {"channel", "network"}:
        parts.append(
            f"{channel_sql('channel_code', 'u.feed')} in (select code from {work.changed_codes} where thing in ('channel', 'network'))"
        )
    if "source" in things:
        parts.append(f"u.source_system in {codes_of('source')}")
    if "supplier" in things:  # it may lend its zone
        parts.append(f"supplier_code in {codes_of('supplier')}")
    return "(" + " or ".join(f"({part})" for part in parts) + ")" if parts else ""
