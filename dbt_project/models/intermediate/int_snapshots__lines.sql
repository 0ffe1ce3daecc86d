{{ config(materialized='view') }}

with told as (
    -- Lots and owners together. What was replaced by a revision has gone: its rows add up to none.
    select
        event_kind,
        case when event_kind = 'snapshot' then location_id end as location_id,
        case when event_kind = 'supplier_stock' then supplier_id end as supplier_id,
        item_id,
        stock_state,
        occurred_at as snapshot_at,
        cast(sum(sign * units) as bigint) as snapshot_units,
        max(known_at) as known_at
    from {{ ref('stg_ledger__events') }}
    where event_kind in ('snapshot', 'supplier_stock')
    group by all
    having sum(sign) > 0
)

select
    told.event_kind,
    told.location_id,
    told.supplier_id,
    told.item_id,
    -- A snapshot that names no state means what can be sold there.
    case
        when told.event_kind = 'supplier_stock' or told.stock_state is not null then told.stock_state
        when locations.location_kind = 'store' then 'sellable_accessible'
        else 'sellable_not_accessible'
    end as stock_state,
    told.snapshot_at,
    told.snapshot_units,
    told.known_at
from told
left join {{ ref('core__dim_location') }} as locations on told.location_id = locations.location_id
