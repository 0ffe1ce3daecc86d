{{ config(materialized='ephemeral') }}

with every_value as (
    select kpi_code, period_kind, period_start_on, grain_kind, grain_id, numerator, denominator, value, currency_code
    from {{ ref('int_kpi__sums') }}

    union all
    select kpi_code, period_kind, period_start_on, grain_kind, grain_id, null as numerator, null as denominator, value, null as currency_code
    from {{ ref('int_kpi__distributions') }}
),

grains as (
    select 'channel' as grain_kind, cast(channel_id as varchar) as grain_id, channel_code as grain_code, channel_name as grain_name
    from {{ ref('core__dim_channel') }}

    union all
    select 'location' as grain_kind, cast(location_id as varchar) as grain_id, location_code, location_name
    from {{ ref('core__dim_location') }}

    union all
    select 'supplier' as grain_kind, cast(supplier_id as varchar) as grain_id, supplier_code, supplier_name
    from {{ ref('core__dim_supplier') }}
),

-- What has amounts in several currencies has a row for each, whose id says which, whatever the period: a series stays one.
of_several_currencies as (
    select kpi_code, grain_kind, grain_id
    from every_value
    group by kpi_code, grain_kind, grain_id
    having count(distinct currency_code) + max(cast(currency_code is null as integer)) > 1
),

named as (
    select
        every_value.* replace (
            every_value.grain_id
            || case when several.kpi_code is not null then ':' || coalesce(every_value.currency_code, 'unknown') else '' end as grain_id
        ),
        several.kpi_code is not null as is_of_several_currencies,
        case every_value.period_kind
            when 'day' then every_value.period_start_on
            when 'week' then every_value.period_start_on + 6
            when 'month' then last_day(every_value.period_start_on)
        end as period_end_on,
        coalesce(grains.grain_code, every_value.grain_id) as grain_code,
        coalesce(grains.grain_name, every_value.grain_id) as grain_name
    from every_value
    left join of_several_currencies as several
        on
            every_value.kpi_code = several.kpi_code and every_value.grain_kind = several.grain_kind
            and every_value.grain_id = several.grain_id
    left join grains on every_value.grain_kind = grains.grain_kind and every_value.grain_id = grains.grain_id
)

select * from named
