{{ config(materialized='ephemeral') }}

with definitions as (
    select *, cast(value_factor as double) as factor, {{ kpi_grain_kinds() }} as grain_kinds
    from {{ ref('kpi__definitions') }}
    where aggregation in ('ratio', 'sum', 'mean_over_time', 'mean_over_days')
),

measures as (
    {{ kpi_union(kpi_measure_families(), ['measure_code', 'measured_on', 'grain_kind', 'grain_id', 'amount', 'currency_code']) }}
),

-- Which measures a KPI is made of, and by which grains it is told.
parts as (
    select kpi_code, unnest(grain_kinds) as grain_kind, numerator_measure as measure_code, true as is_numerator
    from definitions

    union all
    select kpi_code, unnest(grain_kinds) as grain_kind, denominator_measure as measure_code, false as is_numerator
    from definitions
    where aggregation = 'ratio'
),

days as (
    select
        parts.kpi_code,
        measures.measured_on,
        measures.grain_kind,
        measures.grain_id,
        -- A day on which only the other measure moved adds nothing to this one.
        case when bool_or(parts.is_numerator) then max(measures.amount) filter (where parts.is_numerator) else 0 end as numerator,
        case when bool_or(not parts.is_numerator) then max(measures.amount) filter (where not parts.is_numerator) else 0 end as denominator,
        measures.currency_code
    from measures
    inner join parts on measures.measure_code = parts.measure_code and measures.grain_kind = parts.grain_kind
    group by parts.kpi_code, measures.measured_on, measures.grain_kind, measures.grain_id, measures.currency_code
),

additive as (
    select
        kpi_code,
        'day' as period_kind,
        measured_on as period_start_on,
        grain_kind,
        grain_id,
        numerator,
        denominator,
        currency_code
    from days

    union all
    {{ kpi_grown('days', 'week') }}

    union all
    {{ kpi_grown('days', 'month') }}
),

-- How many days of the period the measure knows at all: the same for every grain, so that means over time add up.
days_of_period as (
    select kpi_code, period_kind, period_start_on, count(distinct measured_on) as n_days
    from (
        select kpi_code, unnest(['day', 'week', 'month']) as period_kind, measured_on
        from days
        where grain_kind = 'all'
    ) as periods
    cross join lateral (select cast(date_trunc(period_kind, measured_on) as date) as period_start_on) as starts
    group by all
),

computed as (
    select
        additive.kpi_code,
        additive.period_kind,
        additive.period_start_on,
        additive.grain_kind,
        additive.grain_id,
        additive.numerator,
        case when definitions.aggregation = 'ratio' then additive.denominator end as denominator,
        case definitions.aggregation
            when 'ratio'
                then cast(additive.numerator as double) * definitions.factor / nullif(greatest(cast(additive.denominator as double), 0), 0)
            when 'sum' then cast(additive.numerator as double) * definitions.factor
            when 'mean_over_time' then cast(additive.numerator as double) / (24 * days_of_period.n_days)
            when 'mean_over_days' then cast(additive.numerator as double) / days_of_period.n_days
        end as value,
        additive.currency_code
    from additive
    inner join definitions on additive.kpi_code = definitions.kpi_code
    inner join days_of_period
        on
            additive.kpi_code = days_of_period.kpi_code and additive.period_kind = days_of_period.period_kind
            and additive.period_start_on = days_of_period.period_start_on
)

select * from computed
