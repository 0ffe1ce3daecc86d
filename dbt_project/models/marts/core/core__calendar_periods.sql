with stated as (
    {{ version_at(
        source('ledger', 'calendars'), ['calendar_code', 'day_kind', 'zone', 'starts_on'], newest_known(source('ledger', 'calendars')),
        from_its_date=true, ends=true
    ) }}
),

periods as (
    select
        calendar_code,
        day_kind,
        zone,
        {{ within_calendar("starts_on") }} as starts_on,
        {{ within_calendar("coalesce(ends_on, starts_on)") }} as ends_on,
        period_name,
        'reference feed' as source,
        1 as rank_no
    from stated

    union all
    select
        calendar_code, day_kind, '*' as zone, starts_on, ends_on, period_name, 'national rule' as source, 2 as rank_no
    from {{ ref('calendar__retail_periods') }}

    union all
    select
        calendar_code, 'school_holiday' as day_kind, zone, starts_on, ends_on, period_name, source, 2 as rank_no
    from {{ ref('calendar__school_holidays') }}
)

-- What the feed says of a period replaces what the files say.
select
    calendar_code,
    day_kind,
    zone,
    starts_on,
    ends_on,
    period_name,
    source
from periods
qualify row_number() over (partition by calendar_code, day_kind, zone, starts_on order by rank_no) = 1
