with definitions as (
    select * from {{ ref('kpi__definitions') }}
),

periods as (
    select * from {{ ref('kpi__values') }}
    where grain_kind = 'all'
),

filled as (
    select
        kpi_code,
        currency_code,
        min(period_start_on) filter (where period_kind = 'day') as first_period_start_on,
        max(period_end_on) filter (where period_kind = 'day') as last_period_end_on,
        count(*) filter (where period_kind = 'day') as n_kpi_days
    from periods
    where value is not null
    group by all
),

newest as (
    -- The newest month that is over; before the first one is, the running one.
    select *
    from periods
    where period_kind = 'month' and value is not null
    qualify row_number() over (partition by kpi_code, currency_code order by is_complete desc, period_start_on desc) = 1
)

select
    definitions.kpi_code,
    definitions.kpi_name,
    definitions.kpi_name_fr,
    definitions.what,
    definitions.numerator_what,
    definitions.denominator_what,
    definitions.unit,
    definitions.aggregation,
    definitions.grains,
    definitions.is_higher_better,
    newest.kpi_code is not null as is_computed,
    case
        when newest.kpi_code is null then coalesce(definitions.not_computed_because, 'no data yet: needs ' || definitions.needs)
    end as not_computed_because,
    -- No day has a value: none, hence 0.
    coalesce(filled.n_kpi_days, 0) as n_kpi_days,
    filled.first_period_start_on,
    filled.last_period_end_on,
    newest.period_start_on as current_period_start_on,
    newest.period_end_on as current_period_end_on,
    newest.value as current_value,
    newest.currency_code,
    newest.target_value,
    newest.target_operator,
    newest.status,
    newest.recommended_action
from definitions
left join newest on definitions.kpi_code = newest.kpi_code
left join filled on newest.kpi_code = filled.kpi_code and newest.currency_code is not distinct from filled.currency_code
