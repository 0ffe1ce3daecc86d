{{ config(materialized='view', tags=['hot']) }}

with legs as (
    {{ movement_legs(ref('stg_ledger__movements')) }}
)

select
    movement_id,
    leg_no,
    event_id,
    movement_kind,
    item_id,
    location_id,
    stock_state,
    owner_id,
    lot_id,
    delta_units,
    occurred_at,
    known_at,
    business_on,
    source_feed,
    is_reversal,
    reverses_movement_id,
    reason,
    commit_id
from legs
