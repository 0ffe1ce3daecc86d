with definitions as (
    select * from {{ ref('kpi__definitions') }}
),

periods as (
    select * from {{ ref('int_kpi__periods') }}
),

targets as (
    select * from {{ ref('int_kpi__target_spans') }}
),

judged as (
    select
        periods.* exclude (numerator, denominator, value, is_of_several_currencies),
        cast(periods.numerator as decimal(28, 6)) as numerator,
        cast(periods.denominator as decimal(28, 6)) as denominator,
        cast(periods.value as decimal(28, 6)) as value,
        targets.target_value,
        targets.target_operator,
        targets.recommended_action,
        case
            when periods.value is null then 'no_data'
            when targets.target_value is null then 'no_target'
            when case targets.target_operator
                when '<' then cast(periods.value as decimal(28, 6)) < targets.target_value
                when '<=' then cast(periods.value as decimal(28, 6)) <= targets.target_value
                when '>' then cast(periods.value as decimal(28, 6)) > targets.target_value
                when '>=' then cast(periods.value as decimal(28, 6)) >= targets.target_value
            end then 'met'
            else 'missed'
        end as status
    from periods
    left join targets
        on
            periods.kpi_code = targets.kpi_code and periods.grain_kind = targets.grain_kind and periods.grain_id = targets.grain_id
            and periods.period_end_on >= targets.from_on and periods.period_end_on < targets.until_on
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
