with items as (
    select item_id, category
    from {{ ref('core__dim_item') }}
),

places as (
    -- A place without a zone has its days in UTC.
    select location_id, coalesce(time_zone, 'UTC') as time_zone
    from {{ ref('core__dim_location') }}
),

purchase_lines as (
    {{ purchase_lines(ref('stg_ledger__events')) }}
),

lines as (
    select
        purchase_lines.document_id,
        purchase_lines.document_line,
        purchase_lines.item_id,
        purchase_lines.supplier_id,
        purchase_lines.location_id,
        items.category,
        purchase_lines.ordered_units - purchase_lines.cancelled_units as wanted_units,
        cast(timezone(coalesce(places.time_zone, 'UTC'), purchase_lines.promised_at) as date) as promised_on,
        cast(timezone(coalesce(places.time_zone, 'UTC'), coalesce(purchase_lines.promised_at, purchase_lines.due_at)) as date) as due_on
    from purchase_lines
    inner join items on purchase_lines.item_id = items.item_id
    left join places on purchase_lines.location_id = places.location_id
    where purchase_lines.ordered_on is not null and purchase_lines.supplier_id is not null
),

receipts as (
    select * from {{ ref('int_lead_times__receipts') }}
),

due as (
    select
        lines.supplier_id,
        lines.location_id,
        lines.category,
        lines.due_on,
        -- Nothing came by then: none, hence 0.
        coalesce(sum(receipts.received_units) filter (where receipts.received_on <= lines.due_on), 0) >= any_value(lines.wanted_units)
            as is_on_time_in_full
    from lines
    left join receipts
        on
            lines.document_id = receipts.po_id and lines.document_line = receipts.po_line
            and lines.item_id = receipts.item_id
    where lines.wanted_units > 0 and lines.due_on <= {{ as_of_day() }}
    group by lines.document_id, lines.document_line, lines.item_id, lines.supplier_id, lines.location_id, lines.category, lines.due_on
),

late as (
    select
        receipts.supplier_id,
        receipts.location_id,
        lines.category,
        receipts.received_on,
        receipts.received_on - lines.promised_on as days_beyond_promise
    from receipts
    inner join lines
        on
            receipts.po_id = lines.document_id and receipts.po_line = lines.document_line
            and receipts.item_id = lines.item_id
    where lines.promised_on is not null and not receipts.is_set_aside
),

components as (
    select
        unnest(['due_lines', 'otif_lines']) as measure_code,
        unnest([1, cast(is_on_time_in_full as integer)]) as amount,
        due_on as measured_on,
        location_id,
        category,
        supplier_id,
        null as currency_code
    from due

    union all
    select
        unnest(['promised_receipts', 'days_beyond_promise']) as measure_code,
        unnest([1, days_beyond_promise]) as amount,
        received_on as measured_on,
        location_id,
        category,
        supplier_id,
        null as currency_code
    from late
),

measures as (
    {{ kpi_measures_by_grain('components', ['location', 'category', 'supplier']) }}
)

select * from measures
