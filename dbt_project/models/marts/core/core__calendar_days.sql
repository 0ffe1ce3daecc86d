with periods as (
    select * from {{ ref('core__calendar_periods') }}
    where calendar_code = 'fr'
),

known as (
    -- Of what follows a rule whole years are known, of school holidays the time between the first and the last one.
    select
        day_kind,
        case when day_kind = 'school_holiday' then min(starts_on) else date_trunc('year', min(starts_on)) end as first_on,
        case when day_kind = 'school_holiday' then max(ends_on) else date_trunc('year', max(ends_on)) + interval 1 year - interval 1 day end as last_on
    from periods
    group by day_kind
),

bounds as (
    select
        date_trunc('year', least(
            (select min(starts_on) from periods),
            (select min(business_on) from {{ ref('stg_ledger__movements') }})
        )) as first_on,
        greatest(
            date_trunc('year', (select max(ends_on) from periods)) + interval 1 year,
            date_trunc('year', {{ as_of_day() }}) + interval 2 year
        ) as until_on
),

days as (
    select cast(unnest(generate_series(first_on, until_on - interval 1 day, interval 1 day)) as date) as calendar_on
    from bounds
),

weeks as (
    select
        *,
        cast(date_trunc('week', calendar_on) as date) as monday_on
    from days
),

-- Each day with what lies on it; at most one row of a kind and zone, for periods of a kind may meet.
marked as (
    select
        days.calendar_on,
        bool_or(periods.day_kind = 'public_holiday') as is_public_holiday,
        min(periods.period_name) filter (where periods.day_kind = 'public_holiday') as public_holiday_name,
        bool_or(periods.day_kind = 'school_holiday' and periods.zone in ('A', '*')) as is_school_holiday_a,
        bool_or(periods.day_kind = 'school_holiday' and periods.zone in ('B', '*')) as is_school_holiday_b,
        bool_or(periods.day_kind = 'school_holiday' and periods.zone in ('C', '*')) as is_school_holiday_c,
        bool_or(periods.day_kind = 'soldes') as is_soldes,
        bool_or(periods.day_kind = 'black_friday') as is_black_friday
    from days
    inner join periods on days.calendar_on between periods.starts_on and periods.ends_on
    group by days.calendar_on
),

black_fridays as (
    select distinct cast(date_trunc('week', calendar_on) as date) as monday_on
    from marked
    where is_black_friday
),

covered as (
    select
        weeks.calendar_on,
        coalesce(bool_or(known.day_kind = 'public_holiday'), false) as has_public_holidays,
        coalesce(bool_or(known.day_kind = 'school_holiday'), false) as has_school_holidays,
        coalesce(bool_or(known.day_kind = 'soldes'), false) as has_soldes,
        coalesce(bool_or(known.day_kind = 'black_friday'), false) as has_black_fridays
    from weeks
    left join known on weeks.calendar_on between known.first_on and known.last_on
    group by weeks.calendar_on
)

select
    weeks.calendar_on,
    cast(isodow(weeks.calendar_on) as integer) as weekday_no,
    cast(isoyear(weeks.calendar_on) as integer) as iso_year,
    cast(week(weeks.calendar_on) as integer) as iso_week,
    case when covered.has_public_holidays then coalesce(marked.is_public_holiday, false) end as is_public_holiday,
    marked.public_holiday_name,
    case when covered.has_school_holidays then coalesce(marked.is_school_holiday_a, false) end as is_school_holiday_a,
    case when covered.has_school_holidays then coalesce(marked.is_school_holiday_b, false) end as is_school_holiday_b,
    case when covered.has_school_holidays then coalesce(marked.is_school_holiday_c, false) end as is_school_holiday_c,
    case when covered.has_soldes then coalesce(marked.is_soldes, false) end as is_soldes,
    case when covered.has_black_fridays then coalesce(marked.is_black_friday, false) end as is_black_friday,
    case when covered.has_black_fridays then black_fridays.monday_on is not null end as is_black_friday_week
from weeks
inner join covered on weeks.calendar_on = covered.calendar_on
left join marked on weeks.calendar_on = marked.calendar_on
left join black_fridays on weeks.monday_on = black_fridays.monday_on
