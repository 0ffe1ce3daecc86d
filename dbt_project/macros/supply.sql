{# Whether planning no longer orders the item there: past its last day of sale, on its way out, or followed by another. That it runs out is meant. #}
{% macro is_given_up(decision='decision') -%}
    coalesce({{ decision }} in ('ended', 'phase_out', 'followed'), false)
{%- endmacro %}

{#
    Purchase order lines as they stand: the quantity is that of the latest statement (created, confirmed, changed),
    less everything cancelled.
#}
{% macro purchase_lines(events) %}
    with signed_events as (
        select
            document_id, document_line, item_id, event_id, sub_no, event_kind, source_revision, supplier_id, location_id,
            business_on, occurred_at, due_at, promised_at, units,
            cast(sum(sign) as integer) as n_times
        from {{ events }}
        where event_kind in ('po_created', 'po_confirmed', 'po_changed', 'po_cancelled')
        group by all
    )

    select
        document_id,
        document_line,
        item_id,
        arg_max(supplier_id, (occurred_at, event_id)) filter (where supplier_id is not null) as supplier_id,
        arg_max(location_id, (occurred_at, event_id)) filter (where location_id is not null) as location_id,
        min(occurred_at) filter (where event_kind = 'po_created') as ordered_at,
        min(business_on) filter (where event_kind = 'po_created') as ordered_on,
        -- Without a statement nothing is ordered; without a cancellation nothing is cancelled.
        coalesce(arg_max(units, (occurred_at, event_kind = 'po_changed', source_revision, event_id)) filter (where event_kind <> 'po_cancelled'), 0)
            as ordered_units,
        coalesce(sum(units) filter (where event_kind = 'po_cancelled'), 0) as cancelled_units,
        arg_max(due_at, occurred_at) filter (where due_at is not null) as due_at,
        arg_max(promised_at, occurred_at) filter (where promised_at is not null) as promised_at
    from signed_events
    where n_times > 0
    group by document_id, document_line, item_id
{% endmacro %}

{# Advance notices and the purchase order line that each announces; the notice of the latest statement counts. #}
{% macro notices(events) %}
    with signed_events as (
        select
            document_id, document_line, item_id, event_id, sub_no, supplier_id, location_id, occurred_at, due_at, promised_at,
            ref_document_kind, ref_document_id, ref_document_line,
            cast(sum(sign) as integer) as n_times
        from {{ events }}
        where event_kind = 'asn'
        group by all
    )

    select
        document_id,
        document_line,
        item_id,
        arg_max(supplier_id, (occurred_at, event_id)) filter (where supplier_id is not null) as supplier_id,
        arg_max(location_id, (occurred_at, event_id)) filter (where location_id is not null) as location_id,
        min(occurred_at) as notified_at,
        arg_max(due_at, occurred_at) filter (where due_at is not null) as due_at,
        arg_max(promised_at, occurred_at) filter (where promised_at is not null) as promised_at,
        arg_max(ref_document_id, (occurred_at, event_id)) filter (where ref_document_kind = 'po') as po_id,
        arg_max(ref_document_line, (occurred_at, event_id)) filter (where ref_document_kind = 'po') as po_line
    from signed_events
    where n_times > 0
    group by document_id, document_line, item_id
{% endmacro %}

{#
    Receipts with the purchase order line they answer: named by the receipt, or by the notice it names.
    A receipt that was taken back or posted again counts as what is left of it.
#}
{% macro purchase_receipts(movements, notices) %}
    with receipts as (
        select
            event_id,
            item_id,
            coalesce(case when to_stock_state is not null then to_location_id end, from_location_id) as location_id,
            business_on as received_on,
            occurred_at as received_at,
            case when to_stock_state is not null then units else -units end as received_units,
            case when ref_document_kind = 'po' then ref_document_id when document_kind = 'po' then document_id end as named_po_id,
            case when ref_document_kind = 'po' then ref_document_line when document_kind = 'po' then document_line end as named_po_line,
            case when document_kind = 'asn' then document_id when ref_document_kind = 'asn' then ref_document_id end as asn_id,
            case when document_kind = 'asn' then document_line when ref_document_kind = 'asn' then ref_document_line end as asn_line
        from {{ movements }}
        where movement_kind = 'receipt'
    )

    select
        receipts.event_id,
        receipts.item_id,
        receipts.location_id,
        coalesce(receipts.named_po_id, notices.po_id) as po_id,
        coalesce(receipts.named_po_line, notices.po_line) as po_line,
        receipts.received_on,
        receipts.received_at,
        sum(receipts.received_units) as received_units
    from receipts
    left join {{ notices }} as notices
        on receipts.asn_id = notices.document_id and receipts.asn_line = notices.document_line and receipts.item_id = notices.item_id
    group by all
    having sum(receipts.received_units) > 0
{% endmacro %}

{# What each supplier last said that it has of an item, for dropshipping; it is the supplier's, and never in our stock. #}
{% macro supplier_statements(events) %}
    select
        item_id,
        supplier_id,
        arg_max(units, (occurred_at, source_revision, event_id)) as supplier_units,
        max(occurred_at) as stated_at
    from (
        select item_id, supplier_id, occurred_at, source_revision, event_id, sub_no, units
        from {{ events }}
        where event_kind = 'supplier_stock'
        group by all
        having sum(sign) > 0
    ) as standing
    group by item_id, supplier_id
{% endmacro %}

{# Statistics of observed lead times per supplier, item and location, over the receipts that meet `condition`. #}
{% macro lead_times(condition='true') %}
    select
        supplier_id,
        item_id,
        location_id,
        count(*) as n_receipts,
        cast(cast(sum(lead_time_days) as double) / count(*) as decimal(18, 6)) as lead_time_days_mean,
        cast(stddev_samp(lead_time_days) as decimal(18, 6)) as lead_time_days_sd,
        cast(quantile_cont(lead_time_days, 0.5) as decimal(18, 6)) as lead_time_days_p50,
        cast(quantile_cont(lead_time_days, 0.9) as decimal(18, 6)) as lead_time_days_p90,
        min(received_on) as first_received_on,
        max(received_on) as last_received_on
    from {{ ref('int_lead_times__receipts') }}
    where not is_set_aside and {{ condition }}
    group by supplier_id, item_id, location_id
{% endmacro %}

{#
    What is still to come after the rows of `events` (feed supply) and `movements`, each unit once, by document line: of a
    purchase order what is neither cancelled, received nor announced; of notices and transfers what is in transit.
    `po_id`: the purchase order, of a notice the one that it announces.
#}
{% macro open_supply(events, movements) %}
    with purchase_lines as (
        {{ purchase_lines(events) }}
    ),

    notices as (
        {{ notices(events) }}
    ),

    receipts as (
        {{ purchase_receipts(movements, 'notices') }}
    ),

    received as (
        select po_id, po_line, item_id, sum(received_units) as received_units
        from receipts
        where po_id is not null
        group by all
    ),

    transit_places as (
        select location_id
        from {{ ref('core__dim_location') }}
        where location_kind = 'transit'
    ),

    in_transit as (
        select
            document_kind,
            document_id,
            document_line,
            item_id,
            max(transit_to_location_id) as location_id,
            max(supplier_id) as supplier_id,
            min(occurred_at) as sent_at,
            sum(case when to_location_id in (select t.location_id from transit_places as t) then units else -units end) as open_units
        from {{ movements }}
        where
            (to_location_id in (select t.location_id from transit_places as t))
            <> (from_location_id in (select t.location_id from transit_places as t))
        group by document_kind, document_id, document_line, item_id
    ),

    announced as (
        select
            in_transit.*,
            notices.location_id as notice_location_id,
            notices.supplier_id as notice_supplier_id,
            notices.po_id,
            notices.po_line,
            notices.due_at,
            notices.promised_at
        from in_transit
        left join notices
            on
                in_transit.document_kind = 'asn' and in_transit.document_id = notices.document_id
                and in_transit.document_line = notices.document_line and in_transit.item_id = notices.item_id
        where in_transit.open_units > 0
    ),

    announced_of_order as (
        select po_id, po_line, item_id, sum(open_units) as announced_units
        from announced
        where po_id is not null
        group by all
    ),

    supply as (
        select
            purchase_lines.item_id,
            purchase_lines.location_id,
            purchase_lines.supplier_id,
            'po' as supply_kind,
            purchase_lines.document_id,
            purchase_lines.document_line,
            -- Nothing received or announced: none, hence 0.
            purchase_lines.ordered_units - purchase_lines.cancelled_units
            - coalesce(received.received_units, 0) - coalesce(announced_of_order.announced_units, 0) as open_units,
            purchase_lines.ordered_at,
            purchase_lines.due_at,
            purchase_lines.promised_at,
            purchase_lines.document_id as po_id
        from purchase_lines
        left join received
            on
                purchase_lines.document_id = received.po_id and purchase_lines.document_line = received.po_line
                and purchase_lines.item_id = received.item_id
        left join announced_of_order
            on
                purchase_lines.document_id = announced_of_order.po_id and purchase_lines.document_line = announced_of_order.po_line
                and purchase_lines.item_id = announced_of_order.item_id

        union all
        select
            announced.item_id,
            coalesce(announced.location_id, announced.notice_location_id, purchase_lines.location_id),
            coalesce(announced.supplier_id, announced.notice_supplier_id, purchase_lines.supplier_id),
            case when announced.document_kind = 'asn' then 'asn' else 'transfer' end,
            announced.document_id,
            announced.document_line,
            announced.open_units,
            coalesce(purchase_lines.ordered_at, announced.sent_at),
            coalesce(announced.due_at, purchase_lines.due_at),
            coalesce(announced.promised_at, purchase_lines.promised_at),
            announced.po_id
        from announced
        left join purchase_lines
            on
                announced.po_id = purchase_lines.document_id and announced.po_line = purchase_lines.document_line
                and announced.item_id = purchase_lines.item_id
    )

    select
        supply.item_id,
        supply.location_id,
        supply.supplier_id,
        supply.supply_kind,
        supply.document_id,
        supply.document_line,
        cast(supply.open_units as bigint) as open_units,
        supply.ordered_at,
        -- A place without a zone has its days in UTC.
        cast(timezone(coalesce(places.time_zone, 'UTC'), supply.due_at) as date) as due_on,
        cast(timezone(coalesce(places.time_zone, 'UTC'), supply.promised_at) as date) as promised_on,
        supply.po_id
    from supply
    left join {{ ref('core__dim_location') }} as places on supply.location_id = places.location_id
    where supply.open_units > 0
{% endmacro %}
