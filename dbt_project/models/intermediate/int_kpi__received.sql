{{ config(materialized='ephemeral') }}

-- Net of what was taken back: a reversal has its ends swapped.
select
    event_id,
    item_id,
    coalesce(case when to_stock_state is not null then to_location_id end, from_location_id) as location_id,
    channel_id,
    business_on as received_on,
    document_id,
    document_line,
    ref_document_kind,
    ref_document_id,
    ref_document_line,
    min(occurred_at) as received_at,
    sum(case when to_stock_state is not null then units else -units end) as units
from {{ ref('stg_ledger__movements') }}
where movement_kind in ('return', 'exchange', 'return_receive')
group by all
having sum(case when to_stock_state is not null then units else -units end) > 0
