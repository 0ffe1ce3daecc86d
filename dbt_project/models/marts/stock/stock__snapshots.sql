with told as (
    select * from {{ ref('int_snapshots__accepted') }}
    where event_kind = 'snapshot'
),

on_hand as (
    select item_id, location_id, stock_state, sum(on_hand_units) as on_hand_units
    from {{ ref('int_stock__on_hand') }}
    group by all
),

legs as not materialized (
    {{ movement_legs(ref('stg_ledger__movements'), physical_only=true) }}
),

-- What the books held at the instant of the snapshot is what they hold now, less what has happened since.
since as (
    select told.item_id, told.location_id, told.stock_state, sum(legs.delta_units) as moved_units
    from told
    inner join legs on told.item_id = legs.item_id and told.location_id = legs.location_id and told.stock_state = legs.stock_state
    where legs.occurred_at > told.snapshot_at and legs.occurred_at > (select min(oldest.snapshot_at) from told as oldest)
    group by all
),

compared as (
    -- No movement means that the books hold none, hence 0.
    select
        told.*,
        cast(coalesce(on_hand.on_hand_units, 0) - coalesce(since.moved_units, 0) as bigint) as ledger_units
    from told
    left join on_hand on told.item_id = on_hand.item_id and told.location_id = on_hand.location_id and told.stock_state = on_hand.stock_state
    left join since on told.item_id = since.item_id and told.location_id = since.location_id and told.stock_state = since.stock_state
)

select
    item_id,
    location_id,
    stock_state,
    snapshot_at,
    known_at,
    snapshot_units,
    ledger_units,
    snapshot_units - ledger_units as diff_units,
    is_in_newest
from compared
