{{ config(materialized='view', tags=['hot']) }}

with recursive relations as (
    select * from {{ source('ledger', 'relations') }}
    where relation_kind = 'merge'
),

items as (
    {{ version_at(source('ledger', 'items'), ['item_id'], newest_known(source('ledger', 'items')), ends=true) }}
),

-- What was last said of a merge. It holds for all time up to its end; one that ends where it begins was taken back.
stated as (
    select *
    from relations
    qualify
        row_number() over (partition by item_id, related_item_id order by version_no desc) = 1
        and (valid_to is null or (valid_to > valid_from and valid_to > {{ newest_known(source('ledger', 'relations')) }}))
),

-- The owner posts by the same rule: both items are known, stocked and counted in the same unit.
possible as (
    select
        stated.item_id,
        stated.related_item_id,
        stated.related_item_code,
        coalesce(stated.priority, 0) as priority
    from stated
    inner join items as named on stated.item_id = named.item_id
    inner join items as related on stated.related_item_id = related.item_id
    where
        named.item_kind in ('stock', 'kit')
        and related.item_kind in ('stock', 'kit')
        and coalesce(named.base_uom_code, '') = coalesce(related.base_uom_code, '')
),

links as (
    select *
    from possible
    qualify row_number() over (partition by item_id order by priority, related_item_code) = 1
),

chains as (
    select
        item_id,
        related_item_id as into_item_id
    from links

    -- A circle is gone through once.
    union
    select
        chains.item_id,
        links.related_item_id as into_item_id
    from chains
    inner join links on chains.into_item_id = links.item_id
)

select
    item_id,
    into_item_id as merged_into_item_id
from chains
where into_item_id not in (select links.item_id from links)
