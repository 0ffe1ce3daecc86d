{% set movements = ref('stg_ledger__movements') %}

with items as (
    select item_id, category, unit_cost_amount, currency_code
    from {{ ref('core__dim_item') }}
),

legs as not materialized (
    {{ movement_legs(movements, physical_only=true) }}
),

zones as (
    -- A place without a zone has its days in UTC.
    select location_id, coalesce(time_zone, 'UTC') as time_zone
    from {{ ref('core__dim_location') }}
    where not is_virtual
),

calendar as (
    select
        zones.location_id,
        days.business_on,
        zones.time_zone,
        epoch_us(timezone(zones.time_zone, cast(days.business_on as timestamp))) as starts_us,
        epoch_us(timezone(zones.time_zone, cast(days.business_on + 1 as timestamp))) as ends_us
    from (
        select cast(unnest(generate_series(min(m.business_on), max(m.business_on), interval 1 day)) as date) as business_on
        from {{ movements }} as m
    ) as days
    cross join zones
),

timed as (
    select
        legs.item_id,
        legs.location_id,
        legs.business_on,
        calendar.time_zone,
        legs.delta_units,
        legs.owner_id = 0 as is_own,
        {{ is_sellable('legs.stock_state') }} as is_sellable,
        legs.movement_kind in ('sale', 'ship', 'order_shipped') as is_sale,
        legs.delta_units * (calendar.ends_us - least(greatest(epoch_us(legs.occurred_at), calendar.starts_us), calendar.ends_us)) as delta_unit_us
    from legs
    inner join calendar on legs.location_id = calendar.location_id and legs.business_on = calendar.business_on
),

-- Hours are rounded once, by item, place and day (costs of hours in the next step): sums of these are exact.
daily as (
    select
        item_id,
        location_id,
        business_on,
        time_zone,
        sum(delta_units) as delta_units,
        cast(sum(delta_unit_us) / 3600000000.0 as decimal(18, 6)) as delta_unit_hours,
        sum(delta_units) filter (where is_own) as own_units,
        cast(sum(delta_unit_us) filter (where is_own) / 3600000000.0 as decimal(18, 6)) as own_unit_hours,
        sum(delta_units) filter (where is_sellable) as sellable_units,
        cast(sum(delta_unit_us) filter (where is_sellable) / 3600000000.0 as decimal(18, 6)) as sellable_unit_hours,
        -sum(delta_units) filter (where is_sale) as sold_units
    from timed
    group by item_id, location_id, business_on, time_zone
),

-- At cost ours alone, and only what has a cost: unknown is not 0.
described as (
    select
        daily.*,
        items.category,
        items.currency_code,
        daily.own_units * items.unit_cost_amount as cost_delta,
        cast(daily.own_unit_hours * items.unit_cost_amount as decimal(28, 6)) as cost_hours,
        daily.sold_units * items.unit_cost_amount as sold_cost
    from daily
    inner join items on daily.item_id = items.item_id
),

{% set grains = ['location', 'category'] %}
by_grain as materialized (
    select
        time_zone,
        business_on,
        currency_code,
        {{ kpi_grain(grains) }},
        sum(delta_units) as stock_delta,
        sum(delta_unit_hours) as stock_hours,
        sum(sellable_units) as sellable_delta,
        sum(sellable_unit_hours) as sellable_hours,
        sum(cost_delta) as cost_delta,
        sum(cost_hours) as cost_hours,
        sum(sold_units) as sold_units,
        sum(sold_cost) as sold_cost
    from described
    group by {{ kpi_grouping_sets(['time_zone', 'business_on', 'currency_code'], grains) }}
),

level_changes as (
    select
        unnest(['stock_unit_hours', 'sellable_unit_hours', 'stock_cost_hours']) as measure_code,
        unnest([null, null, currency_code]) as currency_code,
        unnest([cast(stock_delta as decimal(28, 6)), sellable_delta, cost_delta]) as delta,
        unnest([cast(stock_hours as decimal(28, 6)), sellable_hours, cost_hours]) as delta_hours,
        time_zone,
        business_on as changed_on,
        grain_kind,
        grain_id
    from by_grain
),

-- Items of several currencies have one stock in units.
known_changes as (
    select measure_code, currency_code, time_zone, changed_on, grain_kind, grain_id, sum(delta) as delta, sum(delta_hours) as delta_hours
    from level_changes
    where delta is not null
    group by all
),

hours as materialized (
    {{ kpi_level_hours('known_changes') }}
),

sold as (
    select
        unnest(['sold_units', 'sold_cost']) as measure_code,
        unnest([null, currency_code]) as currency_code,
        unnest([cast(sold_units as decimal(28, 6)), sold_cost]) as amount,
        business_on as measured_on,
        grain_kind,
        grain_id
    from by_grain
    where sold_units is not null
),

sales as (
    select
        measure_code,
        measured_on,
        grain_kind,
        grain_id,
        cast(case when coalesce(min(currency_code) = max(currency_code), true) then sum(amount) end as decimal(28, 6)) as amount,
        cast(case when min(currency_code) = max(currency_code) then min(currency_code) end as varchar) as currency_code
    from sold
    where amount is not null
    group by measure_code, measured_on, grain_kind, grain_id
),

-- What a day of demand is taken to be: the mean of the last 28 days. The sum is kept, so that grains add up.
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

select * from hours

union all
select * from sales

union all
select measure_code, measured_on, grain_kind, grain_id, cast(amount / 24 as decimal(28, 6)) as amount, currency_code
from lately_demanded
where measured_on >= (select c.covered_from_on from covered_from as c)

union all
-- Stock on days that 28 days of demand stand behind: what the days of supply are taken of.
select 'covered_unit_hours' as measure_code, measured_on, grain_kind, grain_id, amount, currency_code
from hours
where measure_code = 'sellable_unit_hours' and measured_on >= (select c.covered_from_on from covered_from as c)
