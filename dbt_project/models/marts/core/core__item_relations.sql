{{ config(materialized='view', tags=['hot']) }}

with relations as (
    select * from {{ source('ledger', 'relations') }}
),

stated as (
    select *
    from relations
    qualify row_number() over (partition by item_id, related_item_id, relation_kind order by version_no desc) = 1
)

select
    item_id,
    related_item_id,
    item_code,
    related_item_code,
    relation_kind,
    priority,
    valid_from,
    valid_to
from stated
where valid_to is null or (valid_to > {{ newest_known(source('ledger', 'relations')) }} and valid_to > coalesce(valid_from, timestamptz '-infinity'))
