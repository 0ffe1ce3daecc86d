with items as (
    select item_id, category, unit_cost_amount, currency_code
    from {{ ref('core__dim_item') }}
),

-- At cost ours alone, and only what has a cost: unknown is not 0.
described as (
    select
        daily.*,
        items.category,
        items.currency_code,
        daily.own_delta_units * items.unit_cost_amount as cost_delta,
        cast(daily.own_delta_unit_hours * items.unit_cost_amount as decimal(28, 6)) as cost_hours,
        daily.sold_units * items.unit_cost_amount as sold_cost
    from {{ ref('int_kpi__stock_changes') }} as daily
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
        sum(sellable_delta_units) as sellable_delta,
        sum(sellable_delta_unit_hours) as sellable_hours,
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
        cast(sum(amount) as decimal(28, 6)) as amount,
        cast(currency_code as varchar) as currency_code
    from sold
    where amount is not null
    group by measure_code, measured_on, grain_kind, grain_id, currency_code
),

lately_demanded as (
    select * from {{ ref('int_kpi__lately_demanded') }}
)

select * from hours

union all
select * from sales

union all
select measure_code, measured_on, grain_kind, grain_id, cast(amount / 24 as decimal(28, 6)) as amount, currency_code
from lately_demanded

union all
-- Stock on days that 28 days of demand stand behind: what the days of supply are taken of.
select 'covered_unit_hours' as measure_code, measured_on, grain_kind, grain_id, amount, currency_code
from hours
where measure_code = 'sellable_unit_hours' and measured_on >= (select min(d.measured_on) from lately_demanded as d)
