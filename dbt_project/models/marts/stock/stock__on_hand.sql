{{ config(materialized='view', tags=['hot']) }}

with base as (
    select * from {{ ref('int_stock__on_hand') }}
),

newest as (
    {{ movement_legs(new_movements(), physical_only=true) }}
),

both_parts as (
    select item_id, location_id, stock_state, owner_id, lot_id, on_hand_units, last_movement_at
    from base

    union all
    select item_id, location_id, stock_state, owner_id, lot_id, delta_units, occurred_at
    from newest
)

select
    item_id,
    location_id,
    stock_state,
    owner_id,
    lot_id,
    cast(sum(on_hand_units) as bigint) as on_hand_units,
    max(last_movement_at) as last_movement_at
from both_parts
group by all
