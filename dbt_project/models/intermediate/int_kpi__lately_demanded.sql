{{ config(materialized='ephemeral') }}

-- What a day of demand is taken to be: the mean of the last 28 days. The sum is kept, so that grains add up.
with items as (
    select item_id, category
    from {{ ref('core__dim_item') }}
),

demand as (
    select demand.demand_on, demand.location_id, items.category, sum(demand.gross_units) as units
    from {{ ref('demand__daily') }} as demand
    inner join items on demand.item_id = items.item_id
    where demand.gross_units <> 0
    group by all
),

window_changes as (
    select
        'demand_units_of_28_days' as measure_code,
        'UTC' as time_zone,
        cast(null as varchar) as currency_code,
        location_id,
        category,
        unnest([demand_on, demand_on + 28]) as changed_on,
        unnest([units, -units]) as delta
    from demand
),

window_level_changes as (
    -- A level that changes at midnight stands for 24 hours of its first day.
    select *, delta * 24 as delta_hours
    from window_changes
    where changed_on <= {{ as_of_day() }}
),

lately_demanded as (
    {{ kpi_level_hours_by_grain('window_level_changes', ['location', 'category']) }}
),

covered_from as (
    select min(demand_on) + 27 as covered_from_on
    from demand
)

select lately_demanded.*
from lately_demanded
cross join covered_from
where lately_demanded.measured_on >= covered_from.covered_from_on
