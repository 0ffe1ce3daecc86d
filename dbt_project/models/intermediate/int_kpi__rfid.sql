{% set events = ref('stg_ledger__events') %}

with tags as (
    select item_id, location_id, business_on, epc, occurred_at as read_at
    from {{ events }}
    where feed = 'rfid' and event_kind like '%observe' and epc is not null and item_id is not null and location_id is not null
    group by all
    having sum(sign) > 0
),

said_of_sessions as (
    select
        events.event_id,
        events.location_id,
        events.business_on,
        events.occurred_at,
        locations.time_zone,
        json_extract_string(events.extra, '$.ended_at') as ended_at,
        try_cast(json_extract_string(events.extra, '$.read_zones') as bigint) as read_zones,
        try_cast(json_extract_string(events.extra, '$.expected_zones') as bigint) as expected_zones
    from {{ events }} as events
    inner join {{ ref('core__dim_location') }} as locations on events.location_id = locations.location_id
    where events.event_kind = 'count_session'
    group by all
    having sum(events.sign) > 0
),

sessions as (
    select
        event_id,
        location_id,
        business_on,
        occurred_at,
        -- Without an offset it is the place's time.
        case
            when regexp_full_match(ended_at, '.*(?:[zZ]|[+-]\d\d(?::?\d\d)?)') then try_cast(ended_at as timestamptz)
            else try_cast(ended_at as timestamp) at time zone coalesce(time_zone, 'UTC')
        end as ended_at,
        coalesce(read_zones >= expected_zones, true) as is_complete
    from said_of_sessions
),

reads as (
    select
        tags.item_id,
        tags.location_id,
        tags.business_on,
        count(distinct tags.epc) as tag_units,
        max(tags.read_at) as compared_at
    from tags
    where tags.location_id not in (select sessions.location_id from sessions)
    group by all

    union all
    -- In a complete count what was not read is not there, of the items that carry tags at all.
    select
        tags.item_id,
        sessions.location_id,
        sessions.business_on,
        count(distinct tags.epc) filter (where tags.read_at between sessions.occurred_at and sessions.ended_at) as tag_units,
        sessions.ended_at as compared_at
    from sessions
    inner join tags on sessions.location_id = tags.location_id
    where sessions.is_complete
    group by sessions.event_id, tags.item_id, sessions.location_id, sessions.business_on, sessions.ended_at
),

compared as (
    -- Goods that the books never had there: 0 units.
    select
        reads.location_id,
        reads.business_on,
        items.category,
        reads.tag_units,
        coalesce(steps.sellable_units, 0) as book_units
    from reads
    asof left join {{ ref('int_kpi__free_steps') }} as steps
        on reads.item_id = steps.item_id and reads.location_id = steps.location_id and reads.compared_at >= steps.changed_at
    inner join {{ ref('core__dim_item') }} as items on reads.item_id = items.item_id
),

components as (
    select
        unnest(['rfid_reads', 'rfid_exact_reads']) as measure_code,
        unnest([1, cast(tag_units = book_units as integer)]) as amount,
        business_on as measured_on,
        location_id,
        category,
        null as currency_code
    from compared
    where tag_units > 0 or book_units <> 0
),

measures as (
    {{ kpi_measures_by_grain('components', ['location', 'category']) }}
)

select * from measures
