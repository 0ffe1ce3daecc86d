"""Events that say something other than a movement: orders, purchase orders, publications, observations.

Belongs here: writing them to `ledger.events`, and taking them back when they are replaced. Does not belong here:
what they mean together (dbt).
"""

from __future__ import annotations

from typing import Final

from pipelines.feeds.registry import FEEDS
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.owner.posting.posting import posting_kinds
from pipelines.owner.reference.versions import END
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

ALSO_POSTING: Final = ("asn", "order_shipped", "count", "opening", "consignment_consume", "consignment_loss", "consignment_joint_count")
"""Kinds that post and are documents too: what was announced, shipped, counted, and what one party owes the other."""

PLACED_FEEDS: Final = tuple(feed.name for feed in FEEDS if feed.orders_find_their_place)
"""Feeds whose lines may leave it to us which of the channel's places they concern."""

_TIMES: Final = {
    "occurred_at": "make_timestamptz(occurred_us)",
    "due_at": "due_at::TIMESTAMPTZ",
    "promised_at": "promised_at::TIMESTAMPTZ",
}


def is_document_sql() -> str:
    """SQL: the event is kept as a document, one of two sides once. A service is sold without moving anything, and stands here alone."""
    posting = one_of([*sorted(posting_kinds() - set(ALSO_POSTING)), "sale_void", "void_ship"])
    return f"(event_kind not in {posting} or item_kind = 'service') and part <> 'taken'"


def accepted_sql(work: Work) -> str:
    """Relation of the accepted events that are documents."""
    return f"(select * from {work.accepted} where since_us < until_us and {is_document_sql()})"


def place_orders(work: Work) -> None:
    """Give orders and reservations that name no location the one that serves their channel, as it was when it was first known.

    Without a network any physical location serves: other than stores first, then by code.
    """
    work.execute(f"""
        update {work.resolved} set location_id = placed.location_id from (
            select r.unit_no, r.line_no, n.location_id
            from {work.resolved} r join channel_network n on n.channel_id = r.channel_id
                and r.occurred_us >= n.valid_from and r.occurred_us < n.valid_to
            where r.feed in {one_of(PLACED_FEEDS)} and r.location_id is null and r.problem is null
                and greatest(r.known_us, (select min(m.known_from) from channel_network m where m.channel_id = r.channel_id)) >= n.known_from
                and greatest(r.known_us, (select min(m.known_from) from channel_network m where m.channel_id = r.channel_id)) < n.known_to
        ) placed where {work.resolved}.unit_no = placed.unit_no and {work.resolved}.line_no = placed.line_no""")
    work.execute(f"""
        update {work.resolved} set location_id = placed.location_id from (
            select r.unit_no, r.line_no, arg_min(l.location_id, (l.location_kind = 'store', l.code)) as location_id
            from {work.resolved} r join code_locations l on l.code_kind = 'own'
                and r.occurred_us >= l.valid_from and r.occurred_us < l.valid_to
                and greatest(r.known_us, (select min(known_from) from code_locations)) >= l.known_from and r.known_us < l.known_to
            where r.feed in {one_of(PLACED_FEEDS)} and r.location_id is null and r.channel_id is not null and r.problem is null
            group by all
        ) placed where {work.resolved}.unit_no = placed.unit_no and {work.resolved}.line_no = placed.line_no""")


def append(work: Work, rows: str, commit_id: int) -> None:
    """Append resolved events as documents: known from since_us; where a newer reading ends them, taken back at until_us."""
    for sign, known, condition in ((1, "since_us", ""), (-1, "until_us", f" where until_us < {END}")):
        work.execute(f"insert into ledger.events select {_columns(sign, known, commit_id)} from {rows}{condition}")


def take_back(work: Work, commit_id: int) -> None:
    """Take back the documents of the events in `ends`. What was taken back stays so."""
    columns = ", ".join(
        {"sign": "-1", "known_at": "greatest(v.known_at, make_timestamptz(n.end_us))", "commit_id": f"{commit_id}::BIGINT"}.get(
            name, f"v.{name}"
        )
        + f" as {name}"
        for name in LEDGER_TABLES["events"]
    )
    work.execute(f"""
        insert into ledger.events select {columns} from ledger.events v join {work.ends} n using (event_id)
        where v.sign = 1 and not exists (
            select 1 from ledger.events w where w.event_id = v.event_id and w.sub_no = v.sub_no and w.sign = -1 and w.known_at >= v.known_at)""")


def replace(work: Work, commit_id: int) -> None:
    """Make what stands as documents of the events in `reread_events` equal to what they are now: appends only the difference."""
    rows = accepted_sql(work)
    content = ", ".join(name for name in LEDGER_TABLES["events"] if name not in ("sign", "commit_id"))
    listed = ", ".join(LEDGER_TABLES["events"])
    work.execute(f"""
        insert into ledger.events by name
        select {content}, (case when sum(sign) > 0 then 1 else -1 end)::TINYINT as sign, {commit_id}::BIGINT as commit_id from (
            select {listed} from (select {_columns(1, "since_us", commit_id)} from {rows})
            union all select {listed} from (select {_columns(-1, "until_us", commit_id)} from {rows} where until_us < {END})
            union all select {listed.replace("sign", "-sign")} from ledger.events where event_id in (select event_id from {work.reread_events})
        ) group by {content} having sum(sign) <> 0""")


def _columns(sign: int, known: str, commit_id: int) -> str:
    special = {
        "sign": f"{sign}::TINYINT",
        "source_revision": "revision",
        "known_at": f"make_timestamptz({known})",
        "commit_id": f"{commit_id}::BIGINT",
        "lot_code": "coalesce(lot_code, '')",
        **_TIMES,
    }
    return ", ".join(f"{special.get(name, name)} as {name}" for name in LEDGER_TABLES["events"])
