{{ config(materialized='ephemeral') }}

with displays as (
    -- What the channel says it shows, from then on; a publication older than one that it showed before does not come back.
    select channel_id, item_id, occurred_at as changed_at, arg_max(units, (document_id, event_id)) as displayed_units
    from (
        select channel_id, item_id, occurred_at, document_id, event_id, units
        from {{ ref('stg_ledger__events') }}
        where event_kind = 'stock_ack'
        group by channel_id, item_id, occurred_at, document_id, event_id, units
        having sum(sign) > 0
        qualify {{ publish_rank() }} >= max({{ publish_rank() }}) over (partition by channel_id, item_id order by occurred_at)
    ) as acknowledged
    group by all
),

listings as (
    select distinct channel_id, item_id
    from displays
),

buffers as (
    select * from {{ ref('int_kpi__buffers') }}
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
)

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
