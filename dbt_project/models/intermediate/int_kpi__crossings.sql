with runs as (
    -- Of runs that planned for the same instant the last one handed in counts.
    select run_id, as_of_at, as_of_on
    from {{ ref('plan__runs') }}
    qualify row_number() over (partition by as_of_at order by commit_id desc, planned_at desc, run_id desc) = 1
),

planned as (
    select
        items.item_id,
        items.location_id,
        runs.as_of_at,
        runs.as_of_on,
        items.inventory_position_units <= items.reorder_point_units as is_at_reorder_point
    from {{ source('ledger', 'plan_items') }} as items
    inner join runs on items.run_id = runs.run_id
    where items.reorder_point_units > 0 and items.inventory_position_units is not null
),

crossed as (
    select *
    from planned
    qualify is_at_reorder_point and not coalesce(lag(is_at_reorder_point) over (partition by item_id, location_id order by as_of_at), false)
),

ordered as (
    select item_id, location_id, min(occurred_at) as ordered_at
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'po_created' and location_id is not null
    group by item_id, location_id, event_id
    having sum(sign) > 0

    union
    select item_id, transit_to_location_id, occurred_at
    from {{ ref('stg_ledger__movements') }}
    where movement_kind = 'transfer_ship' and not is_reversal and transit_to_location_id is not null
),

answered as (
    select
        crossed.item_id,
        crossed.location_id,
        crossed.as_of_at,
        crossed.as_of_on,
        ordered.ordered_at,
        cast(epoch_us(ordered.ordered_at - crossed.as_of_at) / 3600000000.0 as decimal(18, 6)) as reaction_hours
    from crossed
    asof left join ordered
        on crossed.item_id = ordered.item_id and crossed.location_id = ordered.location_id and crossed.as_of_at <= ordered.ordered_at
)

select
    answered.item_id,
    answered.location_id,
    items.category,
    answered.as_of_on as crossed_on,
    answered.as_of_at as crossed_at,
    answered.ordered_at,
    answered.reaction_hours,
    coalesce(answered.reaction_hours <= limits.reaction_hours, false) as is_respected,
    -- Not ordered yet, and still in time.
    answered.ordered_at is null and answered.as_of_at + to_hours(cast(limits.reaction_hours as bigint)) > pin.newest_known_at as is_pending
from answered
inner join {{ ref('core__dim_item') }} as items on answered.item_id = items.item_id
cross join (select coalesce({{ parameter('rop_reaction_hours_max') }}, 48) as reaction_hours) as limits
cross join ledger.pin as pin
