with items as (
    select item_id, category
    from {{ ref('core__dim_item') }}
),

returned as (
    select * from {{ ref('int_kpi__returned') }}
),

-- Sales by the day and the line that a return may name: at tills net of voids, of orders without what was cancelled.
sold as (
    select
        'ticket' as document_kind,
        item_id,
        coalesce(case when from_stock_state is not null then from_location_id end, to_location_id) as location_id,
        channel_id,
        business_on as sold_on,
        document_id,
        document_line,
        max(unit_price_amount) as unit_price_amount,
        max(currency_code) as currency_code,
        sum(case when from_stock_state is not null then units else -units end) as units
    from {{ ref('stg_ledger__movements') }}
    where movement_kind = 'sale'
    group by all
    having sum(case when from_stock_state is not null then units else -units end) > 0

    union all
    select
        'so' as document_kind,
        item_id,
        location_id,
        channel_id,
        demand_on as sold_on,
        document_id,
        document_line,
        unit_price_amount,
        currency_code,
        ordered_units - cancelled_units as units
    from {{ ref('int_orders__lines') }}
    where is_placed and ordered_units > cancelled_units
),

-- A number that several tickets bear is that of the same place, then of the last one before the return.
cohorts as (
    select
        returned.event_id,
        returned.returned_units,
        sold.item_id,
        sold.location_id,
        sold.channel_id,
        sold.sold_on,
        sold.unit_price_amount,
        sold.currency_code
    from returned
    inner join sold
        on
            returned.item_id = sold.item_id and returned.ref_document_id = sold.document_id
            and returned.ref_document_line = sold.document_line and (returned.ref_document_kind = 'so') = (sold.document_kind = 'so')
            and returned.received_on >= sold.sold_on
    qualify row_number() over (
        partition by returned.event_id, returned.item_id
        order by returned.location_id = sold.location_id desc, sold.sold_on desc, sold.location_id, sold.channel_id
    ) = 1
),

rows_of_sales as (
    select
        unnest(['cohort_sold_units', 'cohort_sold_price']) as measure_code,
        unnest([units, units * unit_price_amount]) as amount,
        unnest([null, currency_code]) as currency_code,
        sold_on as measured_on,
        item_id,
        location_id,
        channel_id
    from sold

    union all
    select
        unnest(['cohort_returned_units', 'cohort_returned_price']) as measure_code,
        unnest([returned_units, returned_units * unit_price_amount]) as amount,
        unnest([null, currency_code]) as currency_code,
        sold_on as measured_on,
        item_id,
        location_id,
        channel_id
    from cohorts
),

of_sales as (
    select rows_of_sales.* exclude (item_id), items.category
    from rows_of_sales
    inner join items on rows_of_sales.item_id = items.item_id
    -- What was sold without a price has no value that could be lost: unknown is not 0.
    where rows_of_sales.amount is not null
),

of_receipts as (
    select
        unnest(['received_return_units', 'restocked_units', 'restocked_24h_units', 'conforming_return_units']) as measure_code,
        unnest([returned.returned_units, returned.restocked_units, returned.restocked_24h_units, returned.conforming_units]) as amount,
        returned.received_on as measured_on,
        returned.location_id,
        items.category,
        null as currency_code
    from returned
    inner join items on returned.item_id = items.item_id
),

by_sale as (
    {{ kpi_measures_by_grain('of_sales', ['channel', 'location', 'category']) }}
),

by_receipt as (
    {{ kpi_measures_by_grain('of_receipts', ['location', 'category']) }}
)

select * from by_sale

union all
select * from by_receipt
