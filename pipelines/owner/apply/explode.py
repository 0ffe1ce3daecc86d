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
    needs += f" and r.feed not in {_OF_THE_OFFER}"
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
    """One row for each EPC of an RFID event, its item by the GTIN in it; null where, and as long as, no item has that GTIN.

    A reader's step stands as the document's status. What a reader receives at a place where it is authoritative gets
    receipts beside the observations, also those of which the item is not known yet; returns whether there are any.
    An event that was declared an error stands for none of its EPCs.
    """
    from pipelines.feeds.reading.gs1 import gtin_of_epc

    work.execute(f"update {work.resolved} set document_status = biz_step where feed in {_EPCIS}")
    stands = f"feed in {_EPCIS} and epcs is not null and is_correction is distinct from true"
    prefixes = [
        row[0]
        for row in work.execute(
            f"select distinct {_CLASS.format('one_epc')} from (select unnest(epcs) as one_epc from {work.resolved} where {stands})"
        ).fetchall()
    ]
    if not prefixes:
        return False
    gtins = [(gtin_of_epc(prefix if prefix.startswith("http") else f"{prefix}.0") or (None,))[0] for prefix in prefixes]
    work.hold_columns(work.epc_classes, {"prefix": prefixes, "gtin": gtins})
    work.execute(f"""
        create or replace temp table {work.read_epcs} as
        with tags as (
            select r.*, g.gtin from (
                select * replace (unnest(epcs) as epc, generate_subscripts(epcs, 1)::INTEGER as sub_no) from {work.resolved} where {stands}) r
            left join {work.epc_classes} g on g.prefix = {_CLASS.format("r.epc")}),
        known as (
            select t.* replace (i.item_id as item_id, nullif(i.named_item_id, i.item_id) as named_item_id, i.item_kind as item_kind, i.numerator as units,
                greatest(t.since_us, i.known_from) as since_us, least(t.until_us, i.known_to) as until_us)
            from tags t join code_items i on i.code_kind = 'gtin' and i.code = t.gtin and t.occurred_us >= i.valid_from and t.occurred_us < i.valid_to
                and t.since_us < i.known_to and t.until_us > i.known_from),
        unknown as (
            select t.* replace (coalesce(k.since_us, t.until_us) as until_us) from tags t
            left join (select unit_no, line_no, sub_no, min(since_us) as since_us from known group by all) k using (unit_no, line_no, sub_no)
            where t.since_us < coalesce(k.since_us, t.until_us))
        select * from known union all select * from unknown""")
    work.execute(f"delete from {work.resolved} where {stands}")
    work.execute(f"insert into {work.resolved} by name select * exclude (gtin) from {work.read_epcs}")
    work.execute(f"""
        insert into {work.resolved} by name
        select * exclude (gtin) replace ('receipt' as event_kind, null::VARCHAR as stock_state) from {work.read_epcs} where {_RECEIVES}""")
    return bool(work.count(f"{work.read_epcs} where {_RECEIVES}"))


RECEIVING: Final = "receiving"
"""The business step of a reader that can post."""

_RECEIVES: Final = f"""(rfid_posting = 'authoritative' and biz_step = '{RECEIVING}'
    and event_kind in ('object_observe', 'object_add', 'aggregation_add', 'aggregation_delete')
    and document_kind in ('po', 'asn') and gtin is not null and problem is null and (item_kind is null or item_kind in ('stock', 'kit')))"""
