{{ config(materialized='view', tags=['hot']) }}

with additions as (
    select * from {{ source('ledger', 'deliveries') }}
)

select
    delivery_id,
    max(feed) as feed,
    max(source_system) as source_system,
    max(source_uri) as source_uri,
    cast(sum(rows_in) as bigint) as rows_in,
    cast(sum(accepted) as bigint) as accepted,
    cast(sum(duplicate) as bigint) as duplicate,
    cast(sum(corrected) as bigint) as corrected,
    cast(sum(quarantined) as bigint) as quarantined,
    min(first_known_at) as first_known_at,
    max(applied_at) as applied_at
from additions
group by delivery_id
