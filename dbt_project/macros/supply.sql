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
