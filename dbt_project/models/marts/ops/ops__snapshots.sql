{{ config(materialized='view', tags=['hot']) }}

with snapshots as (
    select * from {{ ref('int_snapshots__completeness') }}
)

select
    event_kind,
    location_id,
    supplier_id,
    snapshot_at,
    known_at,
    n_items,
    usual_items,
    complete_rate,
    completeness,
    is_accepted,
    newness = 1 as is_newest
from snapshots
