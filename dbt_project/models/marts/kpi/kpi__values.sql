with definitions as (
    select
        *,
        cast(value_factor as double) as factor,
        string_split('all ' || coalesce(grains, ''), ' ') as grain_kinds
    from {{ ref('kpi__definitions') }}
    where aggregation <> 'none'
),

measures as (
    {{ kpi_union(kpi_measure_families(), ['measure_code', 'measured_on', 'grain_kind', 'grain_id', 'amount', 'currency_code']) }}
),

-- Which measures a KPI is made of, and by which grains it is told.
parts as (
    select kpi_code, unnest(grain_kinds) as grain_kind, numerator_measure as measure_code, true as is_numerator
    from definitions
    where aggregation in ('ratio', 'sum', 'mean_over_time', 'mean_over_days')

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
        -- A day on which only the other measure moved adds nothing to this one; one of several currencies is unknown.
        case when bool_or(parts.is_numerator) then max(measures.amount) filter (where parts.is_numerator) else 0 end as numerator,
        case when bool_or(not parts.is_numerator) then max(measures.amount) filter (where not parts.is_numerator) else 0 end as denominator,
        max(measures.currency_code) as currency_code
    from measures
    inner join parts on measures.measure_code = parts.measure_code and measures.grain_kind = parts.grain_kind
    group by parts.kpi_code, measures.measured_on, measures.grain_kind, measures.grain_id
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
    select kpi_code, period_kind, period_start_on, count(*) as n_days
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
),

observations as (
    select * from {{ ref('int_kpi__observations') }}
),

in_periods as (
    select *, cast(date_trunc(period_kind, measured_on) as date) as period_start_on
    from (select *, unnest(['day', 'week', 'month']) as period_kind from observations) as periods
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
),

every_value as (
    select kpi_code, period_kind, period_start_on, grain_kind, grain_id, numerator, denominator, value, currency_code
    from computed

    union all
    select
        definitions.kpi_code,
        described.period_kind,
        described.period_start_on,
        described.grain_kind,
        described.grain_id,
        null as numerator,
        null as denominator,
        case definitions.aggregation
            when 'p50' then described.percentiles[1]
            when 'p90' then described.percentiles[2]
            when 'p95' then described.percentiles[3]
            when 'p99' then described.percentiles[4]
            when 'sd' then described.sd
        end as value,
        null as currency_code
    from described
    inner join definitions
        on described.measure_code = definitions.numerator_measure and list_contains(definitions.grain_kinds, described.grain_kind)
    where definitions.aggregation in ('p50', 'p90', 'p95', 'p99', 'sd')
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

named as (
    select
        every_value.*,
        case every_value.period_kind
            when 'day' then every_value.period_start_on
            when 'week' then every_value.period_start_on + 6
            when 'month' then last_day(every_value.period_start_on)
        end as period_end_on,
        coalesce(grains.grain_code, every_value.grain_id) as grain_code,
        coalesce(grains.grain_name, every_value.grain_id) as grain_name
    from every_value
    left join grains on every_value.grain_kind = grains.grain_kind and every_value.grain_id = grains.grain_id
),

-- A target for the grain itself holds before one for its kind, and that before one for all; then the latest.
matches as (
    select
        judged.kpi_code,
        judged.grain_kind,
        judged.grain_code,
        targets.target_operator,
        targets.target_value,
        targets.recommended_action,
        coalesce(targets.valid_from, date '0001-01-01') as valid_from,
        coalesce(targets.valid_to, date '9999-12-31') as valid_to,
        case
            when targets.grain_kind = judged.grain_kind and targets.grain_code = judged.grain_code then 1
            when targets.grain_kind = judged.grain_kind then 2
            else 3
        end as precedence_rank
    from (
        select distinct kpi_code, grain_kind, grain_code
        from named
        where kpi_code in (select t.kpi_code from {{ ref('kpi__targets') }} as t)
    ) as judged
    inner join {{ ref('kpi__targets') }} as targets
        on
            judged.kpi_code = targets.kpi_code
            and (
                (judged.grain_kind = targets.grain_kind and coalesce(targets.grain_code = judged.grain_code, true))
                or targets.grain_kind = 'all'
            )
),

turning_days as (
    select kpi_code, grain_kind, grain_code, valid_from as from_on
    from matches

    union
    select kpi_code, grain_kind, grain_code, valid_to as from_on
    from matches
),

spans as (
    select
        *,
        lead(from_on, 1, date '9999-12-31') over (partition by kpi_code, grain_kind, grain_code order by from_on) as until_on
    from turning_days
),

targets as (
    select
        spans.*,
        matches.target_operator,
        matches.target_value,
        matches.recommended_action
    from spans
    inner join matches
        on
            spans.kpi_code = matches.kpi_code and spans.grain_kind = matches.grain_kind and spans.grain_code = matches.grain_code
            and spans.from_on >= matches.valid_from and spans.from_on < matches.valid_to
    qualify row_number() over (
        partition by spans.kpi_code, spans.grain_kind, spans.grain_code, spans.from_on
        order by matches.precedence_rank, matches.valid_from desc, matches.target_value
    ) = 1
),

judged as (
    select
        named.* exclude (numerator, denominator, value),
        cast(named.numerator as decimal(28, 6)) as numerator,
        cast(named.denominator as decimal(28, 6)) as denominator,
        cast(named.value as decimal(28, 6)) as value,
        targets.target_value,
        targets.target_operator,
        targets.recommended_action,
        case
            when named.value is null then 'no_data'
            when targets.target_value is null then 'no_target'
            when case targets.target_operator
                when '<' then cast(named.value as decimal(28, 6)) < targets.target_value
                when '<=' then cast(named.value as decimal(28, 6)) <= targets.target_value
                when '>' then cast(named.value as decimal(28, 6)) > targets.target_value
                when '>=' then cast(named.value as decimal(28, 6)) >= targets.target_value
            end then 'met'
            else 'missed'
        end as status
    from named
    left join targets
        on
            named.kpi_code = targets.kpi_code and named.grain_kind = targets.grain_kind and named.grain_code = targets.grain_code
            and named.period_end_on >= targets.from_on and named.period_end_on < targets.until_on
),

-- A day is over once something is known from the day after it, in every zone.
clock as (
    select min(cast(timezone(zones.time_zone, pin.newest_known_at) as date)) as today_on
    from ledger.pin as pin
    cross join (
        select coalesce(time_zone, 'UTC') as time_zone
        from {{ ref('core__dim_location') }}
        where not is_virtual
    ) as zones
)

select
    judged.kpi_code,
    judged.period_start_on,
    judged.period_end_on,
    judged.grain_kind,
    judged.grain_id,
    judged.grain_code,
    judged.grain_name,
    judged.period_kind,
    judged.numerator,
    judged.denominator,
    judged.value,
    definitions.unit,
    judged.currency_code,
    judged.target_value,
    judged.target_operator,
    judged.status,
    case when judged.status = 'missed' then judged.recommended_action end as recommended_action,
    coalesce(judged.period_end_on < clock.today_on, false) as is_complete
from judged
inner join definitions on judged.kpi_code = definitions.kpi_code
cross join clock
