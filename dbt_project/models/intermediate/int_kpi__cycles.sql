with items as (
    select item_id, category
    from {{ ref('core__dim_item') }}
),

arrivals as (
    -- Goods that come in several lots on one day end one cycle.
    select
        item_id,
        to_location_id as location_id,
        business_on as arrived_on,
        min(occurred_at) as arrived_at
    from {{ ref('stg_ledger__movements') }}
    where
        movement_kind in ('receipt', 'putaway', 'transfer_receive', 'kit_assemble')
        and {{ is_sellable('to_stock_state') }} and not is_reversal
    group by all
),

steps as (
    select
        steps.item_id,
        steps.location_id,
        steps.sellable_units,
        arrivals.arrived_on,
        count(arrivals.arrived_at) over (partition by steps.item_id, steps.location_id order by steps.changed_at) as cycle_no
    from {{ ref('int_kpi__free_steps') }} as steps
    left join arrivals
        on
            steps.item_id = arrivals.item_id and steps.location_id = arrivals.location_id
            and steps.changed_at = arrivals.arrived_at
),

cycles as (
    select
        item_id,
        location_id,
        cycle_no,
        min(arrived_on) as arrived_on,
        bool_or(sellable_units <= 0) as has_stockout
    from steps
    where cycle_no > 0
    group by item_id, location_id, cycle_no
),

ended as (
    select
        *,
        lead(arrived_on) over (partition by item_id, location_id order by cycle_no) as ended_on
    from cycles
),

components as (
    select
        unnest(['cycles', 'cycles_without_stockout']) as measure_code,
        unnest([1, cast(not ended.has_stockout as integer)]) as amount,
        ended.ended_on as measured_on,
        ended.location_id,
        items.category,
        null as currency_code
    from ended
    inner join items on ended.item_id = items.item_id
    where ended.ended_on is not null
),

measures as (
    {{ kpi_measures_by_grain('components', ['location', 'category']) }}
)

select * from measures
