-- Opening + in - out = closing, each day opens where the last one closed, and the last closing is what is on hand.
-- A day is at most two days long: zones that cross the date line repeat one.
with written as (
    -- Keys that were written since all checks passed last: the others were looked at then.
    select distinct item_id, location_id
    from {{ ref('stock__daily') }}
    where built_commit_id > {{ checked_commit() }}
),

days as (
    select
        daily.*,
        lag(closing_units) over (partition by item_id, location_id order by stock_on) as closing_units_before,
        lead(stock_on) over (partition by item_id, location_id order by stock_on) is null as is_last
    from {{ ref('stock__daily') }} as daily
    semi join written on daily.item_id = written.item_id and daily.location_id = written.location_id
),

stock as (
    select
        item_id,
        location_id,
        sum(on_hand_units) as on_hand_units
    from {{ ref('int_stock__on_hand') }}
    group by all
)

select
    days.item_id,
    days.location_id,
    days.stock_on,
    days.opening_units,
    days.closing_units,
    stock.on_hand_units
from days
left join stock on days.item_id = stock.item_id and days.location_id = stock.location_id
where
    days.opening_units + days.in_units - days.out_units <> days.closing_units
    or days.opening_units <> days.closing_units_before
    or (days.is_last and days.closing_units is distinct from stock.on_hand_units)
    or days.out_of_stock_hours not between 0 and 48
