with movements as (
    select * from {{ ref('stg_ledger__movements') }}
),

transit_places as (
    select location_id
    from {{ ref('core__dim_location') }}
    where location_kind = 'transit'
),

goods as (
    select
        movements.*,
        movements.to_location_id in (select t.location_id from transit_places as t) as is_sent,
        movements.from_location_id in (select t.location_id from transit_places as t) as is_received
    from movements
)

select
    document_kind,
    document_id,
    document_line,
    item_id,
    max(transit_to_location_id) as location_id,
    cast(sum(case when is_sent then units else -units end) as bigint) as in_transit_units,
    min(occurred_at) as sent_at
from goods
where is_sent <> is_received
group by document_kind, document_id, document_line, item_id
having sum(case when is_sent then units else -units end) <> 0
