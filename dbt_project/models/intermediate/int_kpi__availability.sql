with served as (
    select * from {{ ref('core__channel_locations') }}
),

zones as (
    select channel_id, coalesce(time_zone, {{ any_zone() }}) as time_zone
    from {{ ref('core__dim_channel') }}
),

items as (
    -- Neither a bundle nor a service has stock that could run out.
    select item_id, category
    from {{ ref('core__dim_item') }}
    where item_kind not in ('bundle', 'service')
),

buffers as (
    select * from {{ ref('int_kpi__buffers') }}
),

steps as (
    select * from {{ ref('int_kpi__free_steps') }}
),

held_back as (
    select
        served.channel_id,
        steps.item_id,
        steps.changed_at,
        steps.sellable_units_before - steps.reserved_units_before
        - {{ units_held_back('buffers', 'steps.sellable_units_before') }} > 0 as is_available_before,
        steps.sellable_units - steps.reserved_units - {{ units_held_back('buffers', 'steps.sellable_units') }} > 0 as is_available
    from steps
    inner join served on steps.location_id = served.location_id
    left join buffers
        on steps.item_id = buffers.item_id and served.channel_id = buffers.channel_id and steps.location_id = buffers.location_id
),

changes as (
    select channel_id, item_id, changed_at, cast(is_available as integer) - cast(is_available_before as integer) as delta_places, 0 as delta_listed
    from held_back
    where is_available <> is_available_before

    union all
    select channel_id, item_id, changed_at, 0 as delta_places, delta_listed
    from {{ ref('int_kpi__listings') }}
    where delta_listed <> 0
),

instants as (
    select channel_id, item_id, changed_at, sum(delta_places) as delta_places, sum(delta_listed) as delta_listed
    from changes
    group by all
),

states as (
    select
        channel_id,
        item_id,
        changed_at,
        sum(delta_listed) over by_time > 0 as is_listed,
        sum(delta_listed) over by_time > 0 and sum(delta_places) over by_time <= 0 as is_out_of_stock
    from instants
    window by_time as (partition by channel_id, item_id order by changed_at)
),

turns as (
    select
        *,
        cast(is_listed as integer) - cast(lag(is_listed, 1, false) over by_time as integer) as delta_listed,
        cast(is_out_of_stock as integer) - cast(lag(is_out_of_stock, 1, false) over by_time as integer) as delta_out_of_stock
    from states
    window by_time as (partition by channel_id, item_id order by changed_at)
),

local_days as (
    select
        turns.channel_id,
        turns.changed_at,
        items.category,
        zones.time_zone,
        turns.delta_listed,
        turns.delta_out_of_stock,
        cast(timezone(zones.time_zone, turns.changed_at) as date) as changed_on
    from turns
    inner join items on turns.item_id = items.item_id
    inner join zones on turns.channel_id = zones.channel_id
    where turns.delta_listed <> 0 or turns.delta_out_of_stock <> 0
),

timed as (
    select
        *,
        {{ hours_left_of_day('changed_at', 'changed_on', 'time_zone') }} as hours_left
    from local_days
),

level_changes as (
    select
        unnest(['listed_hours', 'out_of_stock_hours']) as measure_code,
        unnest([delta_listed, delta_out_of_stock]) as delta,
        unnest([delta_listed * hours_left, delta_out_of_stock * hours_left]) as delta_hours,
        time_zone,
        changed_on,
        channel_id,
        category,
        cast(null as varchar) as currency_code
    from timed
),

hours as (
    {{ kpi_level_hours_by_grain('level_changes', ['channel', 'category']) }}
)

select * from hours
