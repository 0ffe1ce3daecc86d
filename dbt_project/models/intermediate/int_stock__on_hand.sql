{{ config(
    materialized='incremental', unique_key=['item_id', 'location_id', 'stock_state', 'owner_id', 'lot_id'], post_hook="{{ record_commit() }}"
) }}
{% set since = since_commit() %}

with legs as not materialized (
    {{ movement_legs(ref('stg_ledger__movements'), physical_only=true) }}
),

{% if is_incremental() %}
touched as (
    select distinct item_id, location_id
    from legs
    where commit_id > {{ since }}
),
{% endif %}

rebuilt as (
    {{ rebuilt('legs', ['item_id', 'location_id']) }}
)

select
    item_id,
    location_id,
    stock_state,
    owner_id,
    lot_id,
    cast(sum(delta_units) as bigint) as on_hand_units,
    max(occurred_at) as last_movement_at
from rebuilt
group by all
