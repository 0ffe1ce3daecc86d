"""Receipts against notices, shipments against picks: documents whose events share goods are divided anew.

Belongs here: taking in all events that belong together, and having their parts posted again. Does not belong here: the rules
of division (`allocate.py`) and the mechanism of re-posting (`moves.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Final

from pipelines.ledger.keys import low_sql
from pipelines.owner.posting import moves
from pipelines.owner.posting.allocate import DEFAULT_REF_KIND, Kept, Part, parts_over_known_time
from pipelines.owner.posting.posting import intents_sql, rule_number_sql
from pipelines.owner.posting.voids import asked_of
from pipelines.owner.working import Work

_REF_KIND: Final = f"coalesce(ref_document_kind, '{DEFAULT_REF_KIND}')"
_NO_DOCUMENT: Final = (None, None, None)


def divide(work: Work) -> None:
    """Post again the receipts and shipments whose document is in `touched_docs`."""
    _close_over_notices(work)
    kept = _kept(work)
    _hold_scope(work, kept)
    _hold_parts(work, [part for group in _groups(kept) for part in parts_over_known_time(group)])
    _divide_events(work)
    work.execute(
        f"create or replace temp table {work.ruled} as select *, {rule_number_sql(('noticed', 'picked', 'rest'))} as rule_number from {work.divided}"
    )
    moves.want(work, intents_sql(str(work.ruled)))
    moves.repost(work)


def _kept(work: Work) -> list[Kept]:
    """The events of the touched documents, and the notices that answer one."""
    rows = work.execute(f"""
        select event_id::VARCHAR, sub_no, event_kind, item_id, location_id, units, occurred_us,
            concat_ws(':', coalesce(source_event_id, ''), event_key, revision), since_us, until_us,
            document_kind, document_id, document_line, case when ref_document_id is not null then {_REF_KIND} end, ref_document_id, ref_document_line,
            supplier_id, event_key::VARCHAR, owner_id, epc, named_item_id, lot_code
        from kept_events
        where event_kind in ('asn', 'receipt', 'pick', 'ship') and since_us < until_us and item_id is not null and (
            (document_kind, document_id) in (select (kind, id) from {work.touched_docs})
            or (event_kind = 'asn' and ({_REF_KIND}, ref_document_id) in (select (kind, id) from {work.touched_docs})))""").fetchall()
    work.hold_columns(work.void_keys, {"key": [row[17] for row in rows if row[2] == "ship"]})
    voids = asked_of(work, work.void_keys)
    return [
        Kept(
            event_id=row[0], sub_no=row[1], kind=row[2], item_id=row[3], location_id=row[4], units=row[5], occurred_us=row[6], order=row[7],
            since_us=row[8], until_us=row[9], document=(row[10], row[11], row[12]) if row[11] else None,
            ref_document=(row[13], row[14], row[15]) if row[14] else None, supplier_id=row[16], voids=tuple(voids.get(row[17], ())),
            owner_id=row[18], epc=row[19], named_item_id=row[20], lot_code=row[21],
        )
        for row in rows
    ]  # fmt: skip


def _groups(kept: Sequence[Kept]) -> Iterable[list[Kept]]:
    """The events that share goods: those of documents that a notice links, receiving and shipping apart."""
    union = _Union()
    for event in kept:
        if event.kind == "asn" and event.document and event.ref_document:
            union.join(event.document[:2], event.ref_document[:2])
    groups: dict[Hashable, list[Kept]] = defaultdict(list)
    for event in kept:
        is_receiving = event.kind in ("asn", "receipt")
        document = (event.document or event.ref_document or ("", "", None))[:2]
        groups[is_receiving, union.root(document)].append(event)
    return groups.values()


def _hold_scope(work: Work, kept: Sequence[Kept]) -> None:
    """In scope are the receipts and shipments, those too that ended altogether: what they posted goes."""
    work.make(work.scope)
    work.hold_columns(work.scope_rows, {"event_id": sorted({event.event_id for event in kept if event.kind in ("receipt", "ship")})})
    work.execute(f"insert into {work.scope} select event_id::UUID from {work.scope_rows}")
    work.execute(f"""
        insert into {work.scope} select event_id from kept_events where event_kind in ('receipt', 'ship')
            and since_us >= until_us and (document_kind, document_id) in (select (kind, id) from {work.touched_docs})""")


def _hold_parts(work: Work, parts: Sequence[Part]) -> None:
    work.hold(work.part_rows, [
        (p.event_id, p.sub_no, p.part, p.units, p.since_us, p.until_us, *((p.notice.document or _NO_DOCUMENT) if p.notice else _NO_DOCUMENT),
         *((p.notice.supplier_id, p.notice.owner_id) if p.notice else (None, None)), *((p.twin.event_id, p.twin.sub_no) if p.twin else (None, None)))
        for p in parts
    ])  # fmt: skip


def _divide_events(work: Work) -> None:
    """Make `divided`: the kept events, each as its parts.

    An event that came to mean something else has a row for each time; a part that stays the same lies across them. A receipt out of
    transit stands under the notice's document, so that a notice's open units are a sum by document. What a reader cannot know,
    it has from the line that the warehouse wrote of the same goods (its twin), else from the notice.
    """
    work.execute(f"""
        create or replace temp table {work.divided} as
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
                ), p.part, p.notice_kind, p.notice_id, p.notice_line, {low_sql("k.event_id")} as event_lo
            from kept_events k join {work.part_rows} p on p.event_id::UUID = k.event_id and p.sub_no = k.sub_no
                and p.since_us < k.until_us and p.until_us > k.since_us
            left join kept_events t on t.event_id = p.twin_id::UUID and t.sub_no = p.twin_no and t.item_id = k.item_id
                and greatest(p.since_us, k.since_us) >= t.since_us and greatest(p.since_us, k.since_us) < t.until_us)""")


def _close_over_notices(work: Work) -> None:
    """A notice links its own number and the order it answers: take in both, until nothing more is linked."""
    docs = work.touched_docs
    work.execute(f"delete from {work.touched_docs} where id is null")
    size = -1
    while size != (now := work.count(docs)):
        size = now
        work.execute(f"""
            insert into {work.touched_docs} select * from (
                select unnest([document_kind, {_REF_KIND}]), unnest([document_id, ref_document_id]) from kept_events
                where event_kind = 'asn' and ref_document_id is not null and (
                    (document_kind, document_id) in (select (kind, id) from {docs}) or ({_REF_KIND}, ref_document_id) in (select (kind, id) from {docs})))
            except select kind, id from {docs}""")


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
