with items as (
    select item_id, category, unit_cost_amount, currency_code
    from {{ ref('core__dim_item') }}
),

crossings as (
    select * from {{ ref('int_kpi__crossings') }}
    where not is_pending
),

runs as (
    -- The last run of each day.
    select run_id, as_of_on
    from {{ ref('plan__runs') }}
    qualify row_number() over (partition by as_of_on order by as_of_at desc, commit_id desc, run_id desc) = 1
),

limits as (
    -- The cover limit of the policy that holds where nobody says otherwise.
    select max_cover_days
    from {{ ref('policy__planning') }}
    where max_cover_days is not null
    qualify row_number() over (order by priority desc, policy_code) = 1
),

overstocked as (
    select
        runs.as_of_on,
        planned.location_id,
        items.category,
        items.currency_code,
        greatest(
            0,
            planned.sellable_units - greatest(
                planned.reorder_point_units + coalesce(planned.economic_order_units, 0),
                coalesce(planned.demand_units_per_day_mean * limits.max_cover_days, 0)
            )
        ) * items.unit_cost_amount as overstock_amount
    from {{ source('ledger', 'plan_items') }} as planned
    inner join runs on planned.run_id = runs.run_id
    inner join items on planned.item_id = items.item_id
    left join limits on true
    -- Without a reorder point or a cost nobody can say what is too much.
    where planned.reorder_point_units is not null and items.unit_cost_amount is not null
),

components as (
    select
        unnest(['crossings', 'crossings_respected']) as measure_code,
        unnest([1, cast(crossings.is_respected as integer)]) as amount,
        crossings.crossed_on as measured_on,
        crossings.location_id,
        crossings.category,
        cast(null as varchar) as currency_code
    from crossings

    union all
    select
        'overstock_cost' as measure_code,
        cast(overstock_amount as decimal(38, 6)) as amount,
        as_of_on as measured_on,
        location_id,
        category,
        currency_code
    from overstocked
),

measures as (
    {{ kpi_measures_by_grain('components', ['location', 'category']) }}
)

select * from measures
