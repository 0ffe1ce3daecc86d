{{ config(materialized='ephemeral') }}

with definitions as (
    select *, {{ kpi_grain_kinds() }} as grain_kinds
    from {{ ref('kpi__definitions') }}
    where aggregation in ('p50', 'p90', 'p95', 'p99', 'sd')
),

in_periods as (
    select *, cast(date_trunc(period_kind, measured_on) as date) as period_start_on
    from (select *, unnest(['day', 'week', 'month']) as period_kind from {{ ref('int_kpi__observations') }}) as periods
),

{% set grains = ['channel', 'location', 'category', 'supplier'] %}
described as (
    select
        measure_code,
        period_kind,
        period_start_on,
        {{ kpi_grain(grains) }},
        quantile_cont(observation, [0.5, 0.9, 0.95, 0.99]) as percentiles,
        stddev_samp(observation) as sd
    from in_periods
    group by {{ kpi_grouping_sets(['measure_code', 'period_kind', 'period_start_on'], grains) }}
)

select
    definitions.kpi_code,
    described.period_kind,
    described.period_start_on,
    described.grain_kind,
    described.grain_id,
    case definitions.aggregation
        when 'p50' then described.percentiles[1]
        when 'p90' then described.percentiles[2]
        when 'p95' then described.percentiles[3]
        when 'p99' then described.percentiles[4]
        when 'sd' then described.sd
    end as value
from described
inner join definitions
    on described.measure_code = definitions.numerator_measure and list_contains(definitions.grain_kinds, described.grain_kind)
