{{ config(materialized='ephemeral') }}

with on_hand as (
    select
        item_id,
        location_id,
        -- Goods of other states only: none of them can be sold, hence 0.
        coalesce(sum(on_hand_units) filter (where {{ is_sellable('stock_state') }}), 0) as sellable_units,
        -- Received and not on a shelf yet: as planning counts it, books below 0 add nothing.
        greatest(0, coalesce(sum(on_hand_units) filter (where stock_state = 'in_progress'), 0)) as awaiting_putaway_units,
        sum(on_hand_units) filter (where on_hand_units < 0) as negative_units,
        string_agg(
            case when on_hand_units < 0 then stock_state || case when lot_id = '' then '' else ' lot ' || lot_id end end, ', '
            order by stock_state, lot_id
        ) as negative_states,
        max(last_movement_at) as last_movement_at
    from {{ ref('stock__on_hand') }}
    group by item_id, location_id
),

expired as (
    {{ expired_now() }}
),

sellable as (
    {{ without_expired('on_hand', 'expired') }}
)

select on_hand.* replace (sellable.sellable_units as sellable_units)
from on_hand
inner join sellable on on_hand.item_id = sellable.item_id and on_hand.location_id = sellable.location_id
