with changed as (
    select * from {{ ref('int_kpi__synced_changes') }}
),

synced as (
    select
        unnest(['stock_changes', 'synced_changes']) as measure_code,
        unnest([1, cast(is_displayed and latency_seconds <= 300 as integer)]) as amount,
        changed_on as measured_on,
        location_id,
        category,
        null as currency_code
    from changed
),

displays as (
    -- What the channel says it shows, from then on.
    select channel_id, item_id, occurred_at as changed_at, arg_max(units, (document_id, event_id)) as displayed_units
    from (
        select channel_id, item_id, occurred_at, document_id, event_id, units
        from {{ ref('stg_ledger__events') }}
        where event_kind = 'stock_ack'
        group by all
        having sum(sign) > 0
    ) as acknowledged
    group by all
),

listings as (
    select distinct channel_id, item_id
    from displays
),

buffers as (
    select offered.item_id, offered.channel_id, offered.location_id, policies.buffer_kind, policies.buffer_units, policies.buffer_rate
    from {{ ref('availability__by_channel_location') }} as offered
    inner join {{ ref('policy__buffers') }} as policies on offered.buffer_code = policies.buffer_code
),

available as (
    select
        listings.channel_id,
        listings.item_id,
        steps.changed_at,
        sum(
            greatest(0, steps.sellable_units - steps.reserved_units - {{ units_held_back('buffers', 'steps.sellable_units') }})
            - greatest(0, steps.sellable_units_before - steps.reserved_units_before - {{ units_held_back('buffers', 'steps.sellable_units_before') }})
        ) as delta_ats_units
    from {{ ref('int_kpi__free_steps') }} as steps
    inner join {{ ref('core__channel_locations') }} as served on steps.location_id = served.location_id
    inner join listings on served.channel_id = listings.channel_id and steps.item_id = listings.item_id
    left join buffers
        on
            steps.item_id = buffers.item_id and served.channel_id = buffers.channel_id
            and steps.location_id = buffers.location_id
    group by all
),

both_sides as (
    select channel_id, item_id, changed_at, delta_ats_units, null as displayed_units
    from available

    union all
    select channel_id, item_id, changed_at, 0 as delta_ats_units, displayed_units
    from displays
),

instants as (
    select channel_id, item_id, changed_at, sum(delta_ats_units) as delta_ats_units, max(displayed_units) as displayed_units
    from both_sides
    group by all
),

gaps as (
    select
        channel_id,
        item_id,
        changed_at,
        abs(
            last_value(displayed_units ignore nulls) over by_time - sum(delta_ats_units) over by_time
        ) as gap_units
    from instants
    window by_time as (partition by channel_id, item_id order by changed_at rows between unbounded preceding and current row)
),

turns as (
    -- Before its first display a listing shows nothing that could be wrong.
    select
        channel_id,
        item_id,
        changed_at,
        gap_units - lag(gap_units, 1, 0) over by_time as delta_gap_units,
        cast(gap_units <> 0 as integer) - lag(cast(gap_units <> 0 as integer), 1, 0) over by_time as delta_wrong,
        cast(lag(gap_units) over by_time is null as integer) as delta_displayed
    from gaps
    where gap_units is not null
    window by_time as (partition by channel_id, item_id order by changed_at)
),

zones as (
    select channel_id, coalesce(time_zone, {{ any_zone() }}) as time_zone
    from {{ ref('core__dim_channel') }}
),

local_days as (
    select turns.*, items.category, zones.time_zone, cast(timezone(zones.time_zone, turns.changed_at) as date) as changed_on
    from turns
    inner join {{ ref('core__dim_item') }} as items on turns.item_id = items.item_id
    inner join zones on turns.channel_id = zones.channel_id
),

timed as (
    select
        *,
        {{ hours_left_of_day('changed_at', 'changed_on', 'time_zone') }} as hours_left
    from local_days
),

deltas as (
    select
        unnest(['displayed_hours', 'desync_hours', 'desync_unit_hours']) as measure_code,
        unnest([delta_displayed, delta_wrong, delta_gap_units]) as delta,
        time_zone,
        changed_on,
        channel_id,
        category,
        hours_left
    from timed
),

level_changes as (
    select measure_code, time_zone, changed_on, channel_id, category, null as currency_code, delta, delta * hours_left as delta_hours
    from deltas
    where delta <> 0
),

by_change as (
    {{ kpi_measures_by_grain('synced', ['location', 'category']) }}
),

by_listing as (
    {{ kpi_level_hours_by_grain('level_changes', ['channel', 'category']) }}
)

select * from by_change

union all
select * from by_listing
