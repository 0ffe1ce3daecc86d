-- The questions, each a view over movements and facts. First line of each: its grain.

create view order_lines as              -- channel × document × line × item; ordered: the last quantity the line was given
    with placed as (
        select channel, document_id, document_line, item, min(location) as location, min(business_on) as business_on
        from facts where kind = 'order_placed' group by 1, 2, 3, 4
    ),
    quantities as (
        select channel, document_id, document_line, item, units, row_number() over (
            partition by channel, document_id, document_line, item order by kind = 'order_placed', occurred_at desc, event desc) as rank
        from facts where kind in ('order_placed', 'order_line_changed')
    ),
    cancelled as (
        select channel, document_id, document_line, item, sum(units) as units, sum(case when reason = 'fraud' then units else 0 end) as fraud_units
        from facts where kind = 'order_cancelled' group by 1, 2, 3, 4
    ),
    shipped as (
        select channel, document_id, document_line, item, sum(units) as units from facts where kind = 'order_shipped' group by 1, 2, 3, 4
    ),
    left_the_house as (
        select channel, document_id, document_line, item, sum(case when reverses is null then units else -units end) as units
        from movements where kind = 'ship' and document_kind = 'so' group by 1, 2, 3, 4
    )
    select p.channel, p.document_id, p.document_line, p.item, p.location, p.business_on, q.units as ordered,
        coalesce(c.units, 0) as cancelled, coalesce(c.fraud_units, 0) as fraud, coalesce(s.units, 0) as shipped_by_channel,
        coalesce((
            select sum(h.units) from left_the_house h
            where h.document_id = p.document_id and h.document_line = p.document_line and h.item = p.item
                and (h.channel is null or h.channel = p.channel)
        ), 0) as shipped_by_wms
    from placed p
    join quantities q on q.rank = 1 and (q.channel, q.document_id, q.document_line, q.item) = (p.channel, p.document_id, p.document_line, p.item)
    left join cancelled c on (c.channel, c.document_id, c.document_line, c.item) = (p.channel, p.document_id, p.document_line, p.item)
    left join shipped s on (s.channel, s.document_id, s.document_line, s.item) = (p.channel, p.document_id, p.document_line, p.item);

create view reserved as                 -- item × location: promised and not shipped
    select item, location, sum(max(0, ordered - cancelled - max(shipped_by_wms, shipped_by_channel))) as units from order_lines group by 1, 2;

create view sellable as                 -- item × location: what can be sold and is ours
    select item, location, sum(delta) as units from legs
    where state in ('sellable_accessible', 'sellable_not_accessible') and owner = '' group by 1, 2;

create view demand as                   -- item × location × channel × day: sales net of voids, order lines less fraud
    select item, location, channel, business_on, sum(units) as units from (
        select item, from_location as location, channel, business_on, units from movements where kind = 'sale' and reverses is null
        union all
        select item, to_location, channel, business_on, -units from movements where kind = 'sale' and reverses is not null
        union all
        select item, location, channel, business_on, ordered - fraud from order_lines
    ) group by 1, 2, 3, 4;

create view in_transit as               -- item × document line × where to: sent and not received
    select item, document_kind, document_id, document_line, transit_to as location,
        sum(case when to_location = 'TRANSIT' then units else -units end) as units
    from movements where to_location = 'TRANSIT' or from_location = 'TRANSIT' group by 1, 2, 3, 4, 5;

create view notices as                  -- item × ASN line, with the purchase order line that it answers
    select document_id, document_line, item,
        max(case when coalesce(ref_document_kind, 'po') = 'po' then ref_document_id end) as po_id,
        max(case when coalesce(ref_document_kind, 'po') = 'po' then ref_document_line end) as po_line
    from facts where kind = 'asn' group by 1, 2, 3;

create view order_receipts as           -- item × purchase order line: received, by its own number or by that of a notice
    select coalesce(n.po_id, case when m.document_kind = 'po' then m.document_id end) as document_id,
        coalesce(n.po_line, case when m.document_kind = 'po' then m.document_line end) as document_line, m.item, sum(m.units) as units
    from movements m
    left join notices n on m.document_kind = 'asn' and (n.document_id, n.document_line, n.item) = (m.document_id, m.document_line, m.item)
    where m.kind = 'receipt' group by 1, 2, 3;

create view announced as                -- item × purchase order line: on its way by notices of that line
    select n.po_id as document_id, n.po_line as document_line, t.item, sum(t.units) as units
    from in_transit t join notices n on t.document_kind = 'asn' and (n.document_id, n.document_line, n.item) = (t.document_id, t.document_line, t.item)
    where n.po_id is not null group by 1, 2, 3;

create view supply as                   -- open line of an order, of a notice without order, of a transfer
    with latest as (
        select document_id, document_line, item, location, units, row_number() over (
            partition by document_id, document_line, item order by occurred_at desc, event desc) as rank
        from facts where kind in ('po_created', 'po_confirmed', 'po_changed')
    ),
    cancelled as (select document_id, document_line, item, sum(units) as units from facts where kind = 'po_cancelled' group by 1, 2, 3)
    -- the units of a notice are those of its order: counted once
    select o.item, o.location, max(0, o.units - coalesce(c.units, 0) - coalesce(r.units, 0), coalesce(a.units, 0)) as units
    from latest o
    left join cancelled c on (c.document_id, c.document_line, c.item) = (o.document_id, o.document_line, o.item)
    left join order_receipts r on (r.document_id, r.document_line, r.item) = (o.document_id, o.document_line, o.item)
    left join announced a on (a.document_id, a.document_line, a.item) = (o.document_id, o.document_line, o.item)
    where o.rank = 1
    union all
    select t.item, t.location, t.units from in_transit t
    left join notices n on t.document_kind = 'asn' and (n.document_id, n.document_line, n.item) = (t.document_id, t.document_line, t.item)
    where n.po_id is null and t.units > 0;

create view positions as                -- item × location: can be sold + still to come − promised
    select item, location, sum(units) as units from (
        select item, location, units from sellable
        union all select item, location, units from supply
        union all select item, location, -units from reserved
    ) where location in (select location from locations) group by 1, 2;

create view availability as             -- item × channel: free at the channel's places, without buffers
    select s.item, n.channel, sum(max(0, s.units - coalesce(r.units, 0))) as units
    from sellable s join networks n on n.location = s.location left join reserved r on (r.item, r.location) = (s.item, s.location) group by 1, 2;
