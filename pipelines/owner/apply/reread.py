"""A reference version that changes the past: what it touches is read again from its segments and posted again.

Belongs here: finding the events that a changed code concerns, and having them posted anew. Does not belong here:
versions (`versions.py`) and the mechanism of re-posting (`moves.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipelines.feeds.registry import EPCIS_FEEDS
from pipelines.ledger.ids import code_id
from pipelines.ledger.keys import key_sql
from pipelines.owner.apply import batch, documents, explode
from pipelines.owner.apply.resolve import channel_sql
from pipelines.owner.posting import interplay, moves
from pipelines.owner.posting.posting import COUNT_KINDS, posting_kinds, whole_intents_sql
from pipelines.owner.reference.versions import END
from pipelines.spool import Spool
from pipelines.sql_text import literal, one_of

if TYPE_CHECKING:
    import duckdb


def post_again(con: duckdb.DuckDBPyConnection, spool: Spool, changed: set[tuple[str, str]], commit_id: int, now_us: int) -> int:
    """Post again every applied event that the changed codes concern; returns how many events were read again."""
    condition = " or ".join(
        part for part in (_concerns(con, changed) if changed else "", _UNKNOWN_TAGS if has_unknown_tags(con) else "") if part
    )
    units = [
        batch.Unit(unit_id, delivery_id, feed, source_system, known_us, spool.segment_path(feed, segment), columns=_columns(con, spool, feed, segment))
        for unit_id, delivery_id, feed, source_system, known_us, segment in con.execute("""
            select a.unit_id, a.delivery_id, a.feed, d.source_system, a.known_us, a.segment from applied_units a join delivery_state d using (delivery_id)
            where a.feed <> 'reference' and a.segment is not null order by a.unit_id""").fetchall()
    ]  # fmt: skip
    if not condition or not units:
        return 0
    batch.bring_together(con, units, now_us=now_us, only=condition)
    con.execute("create or replace temp table exceptions (unit_no INTEGER, line_no BIGINT, outcome VARCHAR, reason_code VARCHAR)")
    # only events that stand: accepted, of the payload that stands, of each revision as long as it was the highest known
    con.execute(f"""
        create or replace temp table standing_events as
        select i.event_key, i.revision, i.payload_hash, min(h.known_us) as limit_us from identity i
        left join identity h on h.event_key = i.event_key and h.revision > i.revision
        where i.event_key in (select event_key from resolved) and i.event_key not in (
            select {key_sql()} from waiting) group by all""")
    con.execute("""
        create or replace temp table limits as
        select distinct unit_no, line_no, limit_us from resolved join standing_events using (event_key, revision, payload_hash)
        where limit_us is not null""")  # an event that a version cuts in two has one limit
    con.execute(
        "delete from resolved where (event_key, revision, payload_hash) not in (select (event_key, revision, payload_hash) from standing_events)"
    )
    # of copies the first one stands
    con.execute("""
        delete from resolved where (unit_no, line_no) not in (
            select arg_min((unit_no, line_no), (known_us, unit_no, line_no)) from resolved group by event_key, revision)""")
    found = batch.profile(con)
    explode.components(con)
    explode.ownership(con)
    if not found.feeds.isdisjoint(EPCIS_FEEDS):
        explode.epcs(con)
    if found.any_of("sale_void"):
        interplay.find_voided(con)
    documents.place_orders(con)
    batch.accept(con)
    con.execute(
        "create or replace temp table reread_events as select distinct event_id, event_key, event_kind, document_kind, document_id from resolved"
    )
    documents.replace(
        con, "reread_events", f"(select * from accepted where since_us < until_us and {documents.is_document_sql()})", commit_id
    )
    for table in ("kept_events", "counts"):
        con.execute(f"delete from {table} where event_id in (select event_id from reread_events)")
    interplay.keep(con, "accepted")
    con.execute("""
        create or replace temp table touched_docs as select distinct document_kind as kind, document_id as id from reread_events
        where event_kind in ('asn', 'receipt', 'pick', 'ship') and document_id is not null""")
    con.execute("create or replace temp table touched_keys as select distinct event_key from reread_events")
    con.execute(
        f"create or replace temp table touched_counts as select event_id from reread_events where event_kind in {one_of(COUNT_KINDS)}"
    )
    # when a merge begins decides what the counts of either item are of
    con.execute("""
        insert into touched_counts select event_id from counts where item_id in (
            select item_id from code_items where named_item_id <> item_id and named_item_id in (
                select code::BIGINT from changed_codes where thing = 'item id'))""")
    con.execute(
        f"create or replace temp table wanted as select * exclude (event_lo, sub_no, part), 1 as base_sign from ({whole_intents_sql('accepted')})"
    )
    con.execute(f"""
        create or replace temp table scope as select event_id from reread_events
        where event_kind in {one_of(sorted(posting_kinds() - set(COUNT_KINDS)))}
            and not (event_kind in ('receipt', 'ship') and (document_kind, document_id) in (select (kind, id) from touched_docs))""")
    moves.repost(con)
    interplay.post_interplay(con)
    return found.rows


_UNKNOWN: Final = f"from kept_events where epc is not null and item_id is null and until_us = {END}"
_UNKNOWN_TAGS: Final = f"(u.unit_id, source_line) in (select (unit_id, line_no) {_UNKNOWN})"


def has_unknown_tags(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a reader received goods of which no item has the GTIN yet: they post when one has."""
    return bool(con.execute(f"select count(*) {_UNKNOWN}").fetchall()[0][0])


def _columns(con: duckdb.DuckDBPyConnection, spool: Spool, feed: str, segment: str) -> tuple[str, ...]:
    path = literal(spool.segment_path(feed, segment))
    return tuple(
        row[0] for row in con.execute(f"select name from parquet_schema({path}) where num_children is null or name = 'epcs'").fetchall()
    )


def _concerns(con: duckdb.DuckDBPyConnection, changed: set[tuple[str, str]]) -> str:
    """SQL that chooses the raw events that the changed codes concern."""
    con.execute("create or replace temp table changed_codes (thing VARCHAR, code VARCHAR)")
    con.executemany("insert into changed_codes values (?, ?)", sorted(changed))
    things = {thing for thing, _ in changed}
    ids = [[str(code_id("item", code))] for thing, code in changed if thing in ("item", "kit", "uom")]
    if ids:
        con.executemany("insert into changed_codes values ('item id', ?)", ids)
    con.execute("""
        insert into changed_codes
        select 'item code', c.code from code_items c where c.named_item_id in (select code::BIGINT from changed_codes where thing = 'item id')
        union select 'item code', code from changed_codes where thing in ('item', 'kit', 'uom')
        union select 'place', l.code from code_locations l where l.location_id in (
            select location_id from code_locations where code in (select code from changed_codes where thing = 'location'))
        union select 'place', code from changed_codes where thing = 'location'""")

    def codes_of(thing: str) -> str:
        return f"(select code from changed_codes where thing = '{thing}')"

    parts = []
    if things & {"item", "kit", "uom"}:
        # which item a tag is, and of how many units, says its class
        parts.append(f"item_code in {codes_of('item code')} or (u.feed in {one_of(EPCIS_FEEDS)} and biz_step = '{explode.RECEIVING}')")
    if ("uom", "*") in changed:
        parts.append("uom_code is not null")
    if "location" in things:
        parts.append(f"location_code in {codes_of('place')} or to_location_code in {codes_of('place')}")
    if things & {"channel", "network"}:
        parts.append(f"{channel_sql('channel_code', 'u.feed')} in (select code from changed_codes where thing in ('channel', 'network'))")
    if "source" in things:
        parts.append(f"u.source_system in {codes_of('source')}")
    if things == {"supplier"}:
        return ""
    return "(" + " or ".join(f"({part})" for part in parts) + ")" if parts else ""
