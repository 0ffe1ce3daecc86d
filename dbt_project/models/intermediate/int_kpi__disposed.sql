{{ config(materialized='ephemeral') }}

select
    event_id,
    item_id,
    case when from_stock_state = 'returned' then from_location_id else to_location_id end as location_id,
    case when from_stock_state = 'returned' then to_stock_state else from_stock_state end as new_state,
    document_id,
    document_line,
    min(occurred_at) as disposed_at,
    sum(case when from_stock_state = 'returned' then units else -units end) as units
from {{ ref('stg_ledger__movements') }}
where
    movement_kind in ('return_disposition', 'status_change')
    and (from_stock_state = 'returned' or to_stock_state = 'returned') and from_stock_state is distinct from to_stock_state
group by all
having sum(case when from_stock_state = 'returned' then units else -units end) > 0
