"""Events that stand for several: bundles, kits, RFID reads and a change of owner become their parts.

Belongs here: replacing such rows of `resolved` by one row a component, EPC or side. Does not belong here: what they post.
"""

from __future__ import annotations

from typing import Final

from pipelines.feeds.registry import EPCIS_FEEDS, FEEDS
from pipelines.ledger.ids import OURSELVES
from pipelines.owner.apply import batch
from pipelines.owner.working import Work
from pipelines.sql_text import one_of

_KITS = "('kit_assemble', 'kit_break')"
_OF_THE_OFFER: Final = one_of(feed.name for feed in FEEDS if feed.is_of_the_offer)
_KINDS_OF_THE_OFFER: Final = one_of(kind.name for feed in FEEDS for kind in feed.kinds if kind.is_of_the_offer)
_EPCIS: Final = one_of(EPCIS_FEEDS)
# what all tags of one item have in common: of a URN everything before the serial, of a Digital Link the path up to the GTIN
_CLASS = "case when {0} like 'http%' then regexp_extract({0}, '^https?://[^?#]*?/(?:01|gtin)/[0-9]+') else regexp_replace({0}, '[.][^.]*$', '') end"


def explode(work: Work, profile: batch.Profile) -> None:
    """Replace the events of `resolved` that stand for several; where that makes receipts, they are added to the profile."""
    if profile.has_bundles:
        components(work)
    if profile.any_of("consignment_consume"):
        ownership(work)
    if not profile.feeds.isdisjoint(EPCIS_FEEDS) and epcs(work):
        profile.kinds.add("receipt")


def components(work: Work) -> None:
    """Bundles are replaced by their components; kits put together or broken get their components beside them.

    One without a bill of materials waits.
    """
    # a void takes back what its target posted, whatever that was
    needs = f"(r.item_kind = 'bundle' or r.event_kind in {_KITS}) and r.event_kind not in ('sale_void', 'void_ship') and r.problem is null"
    needs += f" and r.feed not in {_OF_THE_OFFER} and r.event_kind not in {_KINDS_OF_THE_OFFER}"
    work.execute(f"""
        create or replace temp table {work.exploded} as
        select r.* replace (
                k.component_no as sub_no, k.component_item_id as item_id,
                nullif(k.named_item_id, k.component_item_id) as named_item_id, 'stock' as item_kind, (r.units * k.component_units)::BIGINT as units,
                case when r.event_kind in {_KITS} then 'component' else 'all' end as part,
                null::DECIMAL(18,4) as unit_price_amount,  -- a bundle's price and a kit's lot are not a component's
                case when r.event_kind in {_KITS} then null else r.lot_code end as lot_code,
                case when r.event_kind in {_KITS} then null else r.expires_on end as expires_on,
                greatest(r.since_us, k.known_from) as since_us, least(r.until_us, k.known_to) as until_us)
        from {work.resolved} r join kit_components k on k.kit_item_id = coalesce(r.named_item_id, r.item_id)
            and r.occurred_us >= k.valid_from and r.occurred_us < k.valid_to and r.since_us < k.known_to and r.until_us > k.known_from
        where {needs}""")
    batch.set_aside(
        work,
        f"select unit_no, line_no from {work.resolved} r anti join {work.exploded} e using (unit_no, line_no) where {needs}",
        "kit_without_bom",
    )
    work.execute(
        f"delete from {work.resolved} where item_kind = 'bundle' and (unit_no, line_no) in (select (unit_no, line_no) from {work.exploded})"
    )
    work.execute(f"update {work.resolved} set part = 'kit' where event_kind in {_KITS}")
    work.execute(f"insert into {work.resolved} select * from {work.exploded}")


def ownership(work: Work) -> None:
    """Consumption of somebody else's goods at a place of ours is two parts: the owner gives them up, we take them."""
    work.execute(f"""
        update {work.resolved} set part = 'given_up' where event_kind = 'consignment_consume' and owner_id <> {OURSELVES}
            and location_kind is distinct from 'consignment_out'""")
    work.execute(f"insert into {work.resolved} select * replace ('taken' as part) from {work.resolved} where part = 'given_up'")


def epcs(work: Work) -> bool:
    """One row for each EPC and each class of goods of an RFID event, its item by the GTIN in it; null where, and as long as, no item has that GTIN.

    A reader's step stands as the document's status. What a reader receives at a place where it is authoritative gets
    receipts beside the observations, also those of which the item is not known yet; returns whether there are any.
    An event that was declared an error stands for none of its EPCs.
    """
    from pipelines.feeds.reading.gs1 import gtin_of_epc

    work.execute(f"update {work.resolved} set document_status = biz_step where feed in {_EPCIS}")
    work.execute(f"create or replace temp table {work.read_goods} as {_goods_sql(work)}")
    prefixes = [row[0] for row in work.execute(f"select distinct {_CLASS.format('goods')} from {work.read_goods}").fetchall()]
    if not prefixes:
        return False
    gtins = [(gtin_of_epc(prefix if prefix.startswith("http") else f"{prefix}.0") or (None,))[0] for prefix in prefixes]
    work.hold_columns(work.epc_classes, {"prefix": prefixes, "gtin": gtins})
    work.execute(f"""
        create or replace temp table {work.read_epcs} as
        with told as (
            select r.* replace (
                    case when goods_no is null then goods end as epc, coalesce(goods_no + coalesce(len(r.epcs), 0), tag_no)::INTEGER as sub_no,
                    case when goods_no is null then r.quantity else goods_quantity end as quantity,
                    case when goods_no is null then r.uom_code else goods_uom_code end as uom_code,
                    case when goods_no is not null and goods_uom_code is null and goods_quantity % 1 = 0 then goods_quantity::BIGINT
                        when goods_no is null then r.units end as units,
                    coalesce(goods_lot_code, r.lot_code) as lot_code
                ), g.gtin, goods_no, goods
            from {work.read_goods} n join {work.resolved} r using (unit_no, line_no, since_us)
            left join {work.epc_classes} g on g.prefix = {_CLASS.format("n.goods")}),
        known as (
            select t.* replace (i.item_id as item_id, nullif(i.named_item_id, i.item_id) as named_item_id, i.item_kind as item_kind,
                case when goods_no is null then i.numerator
                    when t.uom_code is null and t.quantity * i.numerator % i.denominator = 0 then (t.quantity * i.numerator / i.denominator)::BIGINT
                    when t.uom_code = i.base_uom_code and t.quantity % 1 = 0 then t.quantity::BIGINT end as units,
                greatest(t.since_us, i.known_from) as since_us, least(t.until_us, i.known_to) as until_us)
            from told t join code_items i on i.code_kind = 'gtin' and i.code = t.gtin and t.occurred_us >= i.valid_from and t.occurred_us < i.valid_to
                and t.since_us < i.known_to and t.until_us > i.known_from),
        unknown as (
            select t.* replace (coalesce(k.since_us, t.until_us) as until_us) from told t
            left join (select unit_no, line_no, sub_no, min(since_us) as since_us from known group by all) k using (unit_no, line_no, sub_no)
            where t.since_us < coalesce(k.since_us, t.until_us))
        select * from known union all select * from unknown""")
    work.execute(f"""
        delete from {work.resolved} where feed in {_EPCIS} and (unit_no, line_no) in (select (unit_no, line_no) from {work.read_goods})""")
    work.execute(f"insert into {work.resolved} by name select * exclude (gtin, goods_no, goods) from {work.read_epcs}")
    # goods of a class are no tag: each statement of them is of other goods
    work.execute(f"""
        insert into {work.resolved} by name
        select * exclude (gtin, goods_no, goods) replace (
            'receipt' as event_kind, null::VARCHAR as stock_state, coalesce(epc, concat_ws('#', goods, event_id, sub_no)) as epc)
        from {work.read_epcs} where {_RECEIVES}""")
    return bool(work.count(f"{work.read_epcs} where {_RECEIVES}"))


def _goods_sql(work: Work) -> str:
    """SQL of what RFID events name: tags (tag_no), and goods by class (goods_no) with quantity, unit and lot; both as `goods`."""
    stands = f"feed in {_EPCIS} and is_correction is distinct from true"
    lists = " || ".join(f"coalesce(json_extract(extra, '$.{name}')::JSON[], [])" for name in ("quantityList", "childQuantityList"))
    return f"""
        select unit_no, line_no, since_us, unnest(epcs) as goods, generate_subscripts(epcs, 1)::INTEGER as tag_no, null::INTEGER as goods_no,
            null::DECIMAL(18,4) as goods_quantity, null::VARCHAR as goods_uom_code, null::VARCHAR as goods_lot_code
        from {work.resolved} where {stands} and epcs is not null
        union all
        select unit_no, line_no, since_us, element->>'epcClass', null, goods_no, try_cast(element->>'quantity' as DECIMAL(18,4)), element->>'uom',
            nullif(coalesce(
                nullif(url_decode(regexp_extract(element->>'epcClass', '/10/([^/?#]+)', 1)), ''),
                url_decode(regexp_extract(element->>'epcClass', '^urn:epc:class:lgtin:[0-9]+[.][0-9]+[.](.+)$', 1))), '')
        from (
            select unit_no, line_no, since_us, unnest(listed) as element, generate_subscripts(listed, 1)::INTEGER as goods_no from (
                select unit_no, line_no, since_us, {lists} as listed from {work.resolved} where {stands} and extra like '%uantityList"%'))
        where element->>'epcClass' is not null"""


RECEIVING: Final = "receiving"
"""The business step of a reader that can post."""

_RECEIVES: Final = f"""(rfid_posting = 'authoritative' and biz_step = '{RECEIVING}'
    and event_kind in ('object_observe', 'object_add', 'aggregation_add', 'aggregation_delete')
    and document_kind in ('po', 'asn') and gtin is not null and problem is null and (item_kind is null or item_kind in ('stock', 'kit'))
    and (units > 0 or item_id is null))"""
