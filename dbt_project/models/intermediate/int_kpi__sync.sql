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

zones as (
    select channel_id, coalesce(time_zone, {{ any_zone() }}) as time_zone
    from {{ ref('core__dim_channel') }}
),

local_days as (
    select turns.*, items.category, zones.time_zone, cast(timezone(zones.time_zone, turns.changed_at) as date) as changed_on
    from {{ ref('int_kpi__display_gaps') }} as turns
    inner join {{ ref('core__dim_item') }} as items on turns.item_id = items.item_id
    inner join zones on turns.channel_id = zones.channel_id
    -- What could be offered of a bundle at past instants is not known.
    where items.item_kind <> 'bundle'
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
