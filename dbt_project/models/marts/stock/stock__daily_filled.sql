{{ config(materialized='view', tags=['hot']) }}

with spans as (
    select
        *,
        coalesce(
            lead(stock_on) over (partition by item_id, location_id order by stock_on) - 1,
            (select max(newest.stock_on) from {{ ref('stock__daily') }} as newest)
        ) as stands_until_on
    from {{ ref('stock__daily') }}
),

every_day as (
    select
        item_id,
        location_id,
        stock_on as moved_on,
        cast(unnest(generate_series(stock_on, stands_until_on, interval 1 day)) as date) as stock_on,
        opening_units,
        in_units,
        out_units,
        closing_units,
        sellable_closing_units,
        out_of_stock_hours,
        has_been_in_stock
    from spans
)

select
    item_id,
    location_id,
    stock_on,
    case when stock_on = moved_on then opening_units else closing_units end as opening_units,
    case when stock_on = moved_on then in_units else 0 end as in_units,
    case when stock_on = moved_on then out_units else 0 end as out_units,
    closing_units,
    sellable_closing_units,
    case
        when stock_on = moved_on then out_of_stock_hours
        when sellable_closing_units <= 0 then cast(24 as decimal(9, 4))
        else cast(0 as decimal(9, 4))
    end as out_of_stock_hours,
    has_been_in_stock,
    stock_on <> moved_on as is_filled
from every_day
