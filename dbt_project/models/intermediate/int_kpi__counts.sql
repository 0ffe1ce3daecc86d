with items as (
    select item_id, category, unit_cost_amount, currency_code
    from {{ ref('core__dim_item') }}
),

counted as (
    select event_id, item_id, location_id, occurred_at, business_on, units
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'count'
    group by all
    having sum(sign) > 0
),

differences as (
    -- What the count put right, its re-postings included.
    select event_id, sum(case when to_stock_state is not null then units else -units end) as gap_units
    from {{ ref('stg_ledger__movements') }}
    where movement_kind = 'count'
    group by event_id
),

counts as (
    -- Lots and states that are counted at one instant are one count of the item. Nothing posted: no difference, hence 0.
    select
        counted.item_id,
        counted.location_id,
        counted.business_on,
        sum(coalesce(differences.gap_units, 0)) as gap_units,
        sum(counted.units) - sum(coalesce(differences.gap_units, 0)) as book_units
    from counted
    left join differences on counted.event_id = differences.event_id
    group by counted.item_id, counted.location_id, counted.business_on, counted.occurred_at
),

described as (
    select counts.*, items.category, items.unit_cost_amount, items.currency_code
    from counts
    inner join items on counts.item_id = items.item_id
),

components as (
    select
        unnest(['counts', 'exact_counts', 'counted_units', 'gap_units_abs']) as measure_code,
        unnest([1, cast(gap_units = 0 as integer), book_units, abs(gap_units)]) as amount,
        business_on as measured_on,
        location_id,
        category,
        null as currency_code
    from described

    union all
    -- Only what has a cost: unknown is not 0.
    select
        unnest(['counted_cost', 'gap_cost_abs', 'gap_cost_net']) as measure_code,
        unnest([book_units * unit_cost_amount, abs(gap_units) * unit_cost_amount, gap_units * unit_cost_amount]) as amount,
        business_on as measured_on,
        location_id,
        category,
        currency_code
    from described
    where unit_cost_amount is not null
),

measures as (
    {{ kpi_measures_by_grain('components', ['location', 'category']) }}
)

select * from measures
