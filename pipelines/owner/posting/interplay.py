"""Events that change what others post: notices and receipts, picks and shipments, voids, revisions, counts.

Belongs here: keeping such events, finding the groups that a batch touches, and having them posted again. Does not
belong here: the rules of division (`allocate.py`, `counts.py`) and the mechanism of re-posting (`moves.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipelines.events import KEPT_EVENT
from pipelines.ledger.keys import event_id_sql, low_sql
from pipelines.owner.handover import SMALL, TEXT, WHOLE, temp_rows, temp_table
from pipelines.owner.posting import counts as counting
from pipelines.owner.posting import moves
from pipelines.owner.posting.allocate import DEFAULT_REF_KIND, Kept, parts_over_known_time
from pipelines.owner.posting.posting import COUNT_KINDS, intents_sql, rule_number_sql
from pipelines.sql_text import one_of

if TYPE_CHECKING:
    import duckdb

KEPT_KINDS: Final = ("asn", "receipt", "pick", "ship", "sale_void", "void_ship")
VOID_KINDS: Final = ("sale_void", "void_ship")

_LOW: Final = f"{low_sql('event_id')} as event_lo"


_PART: Final = {
    "event_id": TEXT, "sub_no": SMALL, "part": TEXT, "units": WHOLE, "since_us": WHOLE, "until_us": WHOLE,
    "notice_kind": TEXT, "notice_id": TEXT, "notice_line": TEXT, "notice_supplier": WHOLE, "notice_owner": WHOLE,
    "twin_id": TEXT, "twin_no": SMALL,
}  # fmt: skip
_DIFFERENCE: Final = {"event_id": TEXT, "sub_no": SMALL, "units": WHOLE, "since_us": WHOLE, "until_us": WHOLE}
_NO_DOCUMENT: Final = (None, None, None)


def keep(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Keep the accepted interplay events of a relation of resolved events (with unit_id)."""
    listed = ", ".join(KEPT_EVENT)
    con.execute(f"insert into kept_events select {listed} from {rows} where event_kind in {one_of(KEPT_KINDS)}")
    con.execute(f"insert into counts select {listed} from {rows} where event_kind in {one_of(COUNT_KINDS)}")


def post_interplay(con: duckdb.DuckDBPyConnection) -> None:
    """Post again what the touched documents, targets and places change; voids after divisions, counts after all."""
    if con.execute("select count(*) from touched_docs").fetchall()[0][0]:
        divide(con)
    if con.execute("select count(*) from kept_events where event_kind in ('sale_void', 'void_ship')").fetchall()[0][0]:
        con.execute("""
            insert into touched_keys select target from kept_events where event_kind = 'void_ship' and target in (
                select event_key from kept_events where event_id in (select event_id from new_moves where movement_kind = 'ship'))""")
        if con.execute("select count(*) from touched_keys").fetchall()[0][0]:
            void(con)
    count(con)


def end_kept(con: duckdb.DuckDBPyConnection) -> None:
    """End the kept events named in `ends` (event_id, end_us): a higher revision took their place."""
    for table in ("kept_events", "counts"):
        con.execute(f"update {table} set until_us = least(until_us, n.end_us) from ends n where {table}.event_id = n.event_id")


def end_posted(con: duckdb.DuckDBPyConnection) -> None:
    """Reverse what the events in `ends` posted by themselves, at the known time at which they end."""
    con.execute("""
        create or replace temp table scope as
        select event_id from ends where event_id not in (select event_id from counts)
            and event_id not in (select event_id from kept_events where event_kind not in ('asn', 'pick'))""")
    con.execute(f"""
        create or replace temp table wanted as
        select s.* replace (least(s.until_us, n.end_us) as until_us), 1 as base_sign from ({moves.spans_sql("scope")}) s join ends n using (event_id)""")
    moves.repost(con)


# --- receipts against notices, shipments against picks --------------------------------------------------------


def divide(con: duckdb.DuckDBPyConnection) -> None:
    """Post again the receipts and shipments whose document is in `touched_docs` (kind, id)."""
    _close_over_notices(con)
    ref_kind = f"coalesce(ref_document_kind, '{DEFAULT_REF_KIND}')"
    rows = con.execute(f"""
        select event_id::VARCHAR, sub_no, event_kind, item_id, location_id, units, occurred_us,
            concat_ws(':', coalesce(source_event_id, ''), event_key, revision), since_us, until_us,
            document_kind, document_id, document_line, case when ref_document_id is not null then {ref_kind} end, ref_document_id, ref_document_line,
            supplier_id, event_key::VARCHAR, owner_id, epc, named_item_id
        from kept_events
        where event_kind in ('asn', 'receipt', 'pick', 'ship') and since_us < until_us and item_id is not null and (
            (document_kind, document_id) in (select (kind, id) from touched_docs)
            or (event_kind = 'asn' and ({ref_kind}, ref_document_id) in (select (kind, id) from touched_docs)))""").fetchall()
    voids = _void_spans(con, [row[17] for row in rows if row[2] == "ship"])
    groups: dict[Hashable, list[Kept]] = defaultdict(list)
    union = _Union()
    kept = []
    for row in rows:
        event = Kept(
            event_id=row[0], sub_no=row[1], kind=row[2], item_id=row[3], location_id=row[4], units=row[5], occurred_us=row[6], order=row[7],
            since_us=row[8], until_us=row[9], document=(row[10], row[11], row[12]) if row[11] else None,
            ref_document=(row[13], row[14], row[15]) if row[14] else None, supplier_id=row[16], voided=tuple(voids.get(row[17], ())),
            owner_id=row[18], epc=row[19], named_item_id=row[20],
        )  # fmt: skip
        kept.append(event)
        if event.kind == "asn" and event.document and event.ref_document:
            union.join(event.document[:2], event.ref_document[:2])
    for event in kept:
        is_receiving = event.kind in ("asn", "receipt")
        document = (event.document or event.ref_document or ("", "", None))[:2]
        groups[is_receiving, union.root(document)].append(event)
    parts = [part for group in groups.values() for part in parts_over_known_time(group)]
    con.execute("create or replace temp table scope (event_id UUID)")
    divided = sorted({event.event_id for event in kept if event.kind in ("receipt", "ship")})
    # events that ended altogether are in scope too: what they posted goes
    temp_table(con, "scope_rows", {"event_id": TEXT}, {"event_id": divided})
    con.execute("insert into scope select event_id::UUID from scope_rows")
    con.execute("""
        insert into scope select event_id from kept_events where event_kind in ('receipt', 'ship')
            and since_us >= until_us and (document_kind, document_id) in (select (kind, id) from touched_docs)""")
    temp_rows(con, "part_rows", _PART, [
        (p.event_id, p.sub_no, p.part, p.units, p.since_us, p.until_us, *((p.notice.document or _NO_DOCUMENT) if p.notice else _NO_DOCUMENT),
         *((p.notice.supplier_id, p.notice.owner_id) if p.notice else (None, None)), *((p.twin.event_id, p.twin.sub_no) if p.twin else (None, None)))
        for p in parts
    ])  # fmt: skip
    # An event that came to mean something else has a row for each time; a part that stays the same lies across them.
    # A receipt out of transit stands under the notice's document, so that a notice's open units are a sum by document. What a reader
    # cannot know, it has from the line that the warehouse wrote of the same goods (its twin), else from the notice.
    con.execute(f"""
        create or replace temp table divided as
        select * exclude (notice_kind, notice_id, notice_line) replace (
                case when notice_id is null then document_kind else notice_kind end as document_kind,
                case when notice_id is null then document_id else notice_id end as document_id,
                case when notice_id is null then document_line else notice_line end as document_line,
                case when notice_id is null or document_id = notice_id then ref_document_kind else document_kind end as ref_document_kind,
                case when notice_id is null or document_id = notice_id then ref_document_id else document_id end as ref_document_id,
                case when notice_id is null or document_id = notice_id then ref_document_line else document_line end as ref_document_line
            ) from (
            select k.* replace (
                    p.units as units, greatest(p.since_us, k.since_us) as since_us, least(p.until_us, k.until_us) as until_us,
                    coalesce(p.notice_supplier, t.supplier_id, k.supplier_id) as supplier_id,
                    case when k.epc is null then k.owner_id else coalesce(t.owner_id, p.notice_owner, k.owner_id) end as owner_id,
                    coalesce(t.lot_code, k.lot_code) as lot_code, coalesce(t.expires_on, k.expires_on) as expires_on,
                    coalesce(t.document_kind, k.document_kind) as document_kind,
                    coalesce(t.document_id, k.document_id) as document_id,
                    case when t.document_id is null then k.document_line else t.document_line end as document_line,
                    coalesce(t.unit_price_amount, k.unit_price_amount) as unit_price_amount, coalesce(t.currency_code, k.currency_code) as currency_code
                ), p.part, p.notice_kind, p.notice_id, p.notice_line, {_LOW.replace("event_id", "k.event_id", 1)}
            from kept_events k join part_rows p on p.event_id::UUID = k.event_id and p.sub_no = k.sub_no
                and p.since_us < k.until_us and p.until_us > k.since_us
            left join kept_events t on t.event_id = p.twin_id::UUID and t.sub_no = p.twin_no and t.item_id = k.item_id
                and greatest(p.since_us, k.since_us) >= t.since_us and greatest(p.since_us, k.since_us) < t.until_us)""")
    con.execute(
        f"create or replace temp table ruled as select *, {rule_number_sql(('noticed', 'picked', 'rest'))} as rule_number from divided"
    )
    _want(con, "ruled")
    moves.repost(con)


def _close_over_notices(con: duckdb.DuckDBPyConnection) -> None:
    """A notice links its own number and the order it answers: take in both, until nothing more is linked."""
    ref_kind = f"coalesce(ref_document_kind, '{DEFAULT_REF_KIND}')"
    con.execute("create or replace temp table touched_docs as select distinct kind, id from touched_docs where id is not null")
    size = -1
    while True:
        now = con.execute("select count(*) from touched_docs").fetchall()[0][0]
        if now == size:
            return
        size = now
        con.execute(f"""
            create or replace temp table touched_docs as
            select kind, id from touched_docs
            union
            select unnest([document_kind, {ref_kind}]), unnest([document_id, ref_document_id]) from kept_events
            where event_kind = 'asn' and ref_document_id is not null and (
                (document_kind, document_id) in (select (kind, id) from touched_docs) or ({ref_kind}, ref_document_id) in (select (kind, id) from touched_docs))""")


def _void_spans(con: duckdb.DuckDBPyConnection, keys: list[str]) -> dict[str, list[tuple[int, int]]]:
    if not keys:
        return {}
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    temp_table(con, "void_keys", {"key": TEXT}, {"key": keys})
    for key, since, until in con.execute(
        "select target::VARCHAR, since_us, until_us from kept_events where event_kind = 'void_ship' and target in (select key::UUID from void_keys)"
    ).fetchall():
        spans[key].append((since, until))
    return spans


class _Union:
    """Which documents belong together."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, node: Hashable) -> Hashable:
        while self._parent.get(node, node) != node:
            self._parent[node] = self._parent.get(self._parent[node], self._parent[node])
            node = self._parent[node]
        return node

    def join(self, one: Hashable, other: Hashable) -> None:
        self._parent[self.root(one)] = self.root(other)


# --- voids ----------------------------------------------------------------------------------------------------


def find_voided(con: duckdb.DuckDBPyConnection) -> None:
    """Voids in `resolved` that name a line look for the sale that is that line, where the sale has a number of its own."""
    con.execute(
        "update resolved set target = k.event_key from line_keys k where resolved.event_kind = 'sale_void' and resolved.target = k.target"
    )


def void(con: duckdb.DuckDBPyConnection) -> None:
    """Post again the voids whose target's key is in `touched_keys` (event_key). Of several voids of one line the first counts."""
    con.execute(f"""
        create or replace temp table touched_voids as
        select *, dense_rank() over (partition by target order by occurred_us, event_id) as void_no
        from kept_events where event_kind in {one_of(VOID_KINDS)} and target in (select event_key from touched_keys)""")
    con.execute(f"""
        create or replace temp table void_targets as
        select event_key, {event_id_sql("event_key", "revision")} as event_id
        from (select distinct event_key, revision from identity where event_key in (select target from touched_voids))""")
    con.execute(f"create or replace temp table target_spans as {moves.spans_sql('void_targets')}")
    con.execute("create or replace temp table scope as select event_id from touched_voids")
    con.execute("""
        create or replace temp table wanted as
        select s.* replace (
                v.event_id as event_id, v.occurred_us as occurred_us, coalesce(v.business_on, s.business_on) as business_on,
                coalesce(v.reason_code, s.reason) as reason,
                greatest(s.since_us, v.since_us) as since_us, least(s.until_us, v.until_us) as until_us
            ), -1 as base_sign
        from touched_voids v join void_targets t on t.event_key = v.target join target_spans s on s.event_id = t.event_id
        where v.void_no = 1""")
    if moves.repost(con):
        con.execute(f"""
            update new_moves set reverses_movement_id = target.movement_id from (
                select v.event_id, s.item_id, s.units, s.from_location_id, s.to_location_id, min(s.movement_id) as movement_id
                from touched_voids v join void_targets t on t.event_key = v.target
                join ({moves.standing_sql("void_targets")}) s on s.event_id = t.event_id and not s.is_reversal group by all
            ) target
            where new_moves.event_id = target.event_id and new_moves.is_reversal and new_moves.reverses_movement_id is null
                and new_moves.item_id = target.item_id and new_moves.units = target.units
                and new_moves.to_location_id = target.from_location_id and new_moves.from_location_id = target.to_location_id""")


# --- counts ---------------------------------------------------------------------------------------------------

_PLACE: Final = "item_id, location_id, state, owner_id"


def count(con: duckdb.DuckDBPyConnection) -> None:
    """Post again the counts that the batch's movements, or new and ended counts in `touched_counts`, change."""
    if not con.execute("select count(*) from counts").fetchall()[0][0]:
        return
    physical = f"movement_kind not in {one_of(COUNT_KINDS)}"
    con.execute("""
        create or replace temp view counted as
        select *, coalesce(stock_state, to_stock_state, default_state) as state from counts where since_us < until_us""")
    con.execute(f"""
        create or replace temp table touched_places as
        select distinct {_PLACE} from (
            select item_id, from_location_id as location_id, from_stock_state as state, owner_id, occurred_us from moved_now where {physical}
            union all select item_id, to_location_id, to_stock_state, owner_id, occurred_us from moved_now where {physical}
        ) l join (select {_PLACE}, max(occurred_us) as last_us from counted group by all) c using ({_PLACE})
        where l.occurred_us <= c.last_us
        union
        select distinct item_id, location_id, coalesce(stock_state, to_stock_state, default_state) as state, owner_id
        from counts where event_id in (select event_id from touched_counts)""")
    if not con.execute("select count(*) from touched_places").fetchall()[0][0]:
        return
    _close_over_counts(con)
    rows = con.execute(f"""
        select {_PLACE}, event_id::VARCHAR, sub_no, units, nullif(lot_code, '') as lot_code, occurred_us,
            coalesce(source_event_id, document_id || ':' || document_line, '') as number, since_us, until_us,
            coalesce(named_item_id, item_id) as named_item_id
        from counted semi join touched_places using ({_PLACE})""").fetchall()
    by_place: dict[tuple[Any, ...], list[counting.Counted]] = defaultdict(list)
    for row in rows:
        by_place[row[:4]].append(counting.Counted(*row[4:]))
    legs = _legs(con, physical)
    merges = _merges(con, {place[0] for place in by_place})
    found = [
        d for place, counted in by_place.items() for d in counting.differences(counted, legs.get(place, _NO_LEGS), merges.get(place[0], ()))
    ]
    temp_rows(con, "difference_rows", _DIFFERENCE, [(d.event_id, d.sub_no, d.units, d.since_us, d.until_us) for d in found])
    con.execute(f"""
        create or replace temp table scope as select distinct event_id from counts c
        where (c.item_id, c.location_id, coalesce(c.stock_state, c.to_stock_state, c.default_state), c.owner_id) in (select ({_PLACE}) from touched_places)""")
    con.execute(f"""
        create or replace temp table ruled as
        select *, {rule_number_sql(("difference",))} as rule_number from (
            select c.* replace (d.units as units, greatest(d.since_us, c.since_us) as since_us, least(d.until_us, c.until_us) as until_us), 'difference' as part,
                {_LOW.replace("event_id", "c.event_id", 1)}
            from counts c join difference_rows d on d.event_id::UUID = c.event_id and d.sub_no = c.sub_no
                and d.since_us < c.until_us and d.until_us > c.since_us)""")
    _want(con, "ruled")
    moves.repost(con)


def _close_over_counts(con: duckdb.DuckDBPyConnection) -> None:
    """A count whose item or place came to mean another is posted in both, each for a time: take in all its places."""
    size = -1
    while size != (now := con.execute("select count(*) from touched_places").fetchall()[0][0]):
        size = now
        con.execute(f"""
            insert into touched_places
            select {_PLACE} from counted where event_id in (select event_id from counted semi join touched_places using ({_PLACE}))
            except select {_PLACE} from touched_places""")


def _merges(con: duckdb.DuckDBPyConnection, items: set[int]) -> dict[int, list[counting.Merge]]:
    """The merges by which goods came to lie with those of an item, by that item."""
    links = [
        counting.Merge(*row)
        for row in con.execute("select item_id, into_item_id, merged_us, known_from, known_to from item_merges").fetchall()
    ]
    found: dict[int, list[counting.Merge]] = {}
    for item in items if links else ():
        group = {item}
        while more := {link.item_id for link in links if link.into_item_id in group} - group:
            group |= more
        if len(group) > 1:
            found[item] = [link for link in links if link.item_id in group]
    return found


_NO_LEGS: Final = counting.Legs(np.array([], np.int64), np.array([], np.int64), np.array([], np.int64), [])


def _legs(con: duckdb.DuckDBPyConnection, physical: str) -> dict[tuple[Any, ...], counting.Legs]:
    """Legs of the touched places up to their last count, by time, in one array cut into places."""
    con.execute(f"""
        create or replace temp table place_legs as
        with places as (
            select p.*, row_number() over () as place_no, (select max(c.occurred_us) from counted c
                where c.item_id = p.item_id and c.location_id = p.location_id and c.state = p.state and c.owner_id = p.owner_id) as last_us
            from touched_places p),
        moved as (
            select item_id, from_location_id, from_stock_state, to_location_id, to_stock_state, owner_id, lot_code, units, named_item_id,
                epoch_us(occurred_at) as occurred_us, epoch_us(known_at) as known_us
            from all_movements where {physical} and item_id in (select item_id from touched_places)
            union all
            select item_id, from_location_id, from_stock_state, to_location_id, to_stock_state, owner_id, lot_code, units, named_item_id,
                occurred_us, known_us
            from new_moves where {physical} and item_id in (select item_id from touched_places)),
        legs as (
            select item_id, from_location_id as location_id, from_stock_state as state, owner_id, lot_code, -units as delta_units, named_item_id,
                occurred_us, known_us
            from moved
            union all
            select item_id, to_location_id, to_stock_state, owner_id, lot_code, units, named_item_id, occurred_us, known_us from moved)
        select p.place_no, {_PLACE}, l.occurred_us, l.delta_units::BIGINT as delta_units, l.known_us, l.lot_code,
            coalesce(l.named_item_id, item_id) as named_item_id
        from legs l join places p using ({_PLACE}) where l.occurred_us <= p.last_us
        order by p.place_no, l.occurred_us""")
    got = con.execute(
        "select place_no, occurred_us, delta_units, known_us, lot_code, named_item_id from place_legs order by place_no, occurred_us"
    ).fetchnumpy()
    places = {row[0]: row[1:] for row in con.execute(f"select distinct place_no, {_PLACE} from place_legs").fetchall()}
    numbers = np.asarray(got["place_no"])
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]]) if len(numbers) else np.array([], np.int64)
    stops = np.r_[starts[1:], len(numbers)] if len(numbers) else starts
    return {
        places[int(numbers[start])]: counting.Legs(
            np.asarray(got["occurred_us"][start:stop]),
            np.asarray(got["delta_units"][start:stop]),
            np.asarray(got["known_us"][start:stop]),
            list(got["lot_code"][start:stop]),
            np.asarray(got["named_item_id"][start:stop]),
        )
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    }


def _want(con: duckdb.DuckDBPyConnection, ruled: str) -> None:
    con.execute(
        f"create or replace temp table wanted as select * exclude (event_lo, sub_no, part), 1 as base_sign from ({intents_sql(ruled)})"
    )
