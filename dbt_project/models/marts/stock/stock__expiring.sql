{{ config(materialized='view', tags=['hot']) }}

with touched as (
    select distinct item_id
    from {{ new_movements() }} as newest
    where expires_on is not null or item_id in (select base.item_id from {{ ref('int_stock__expiring') }} as base)
),

touched_movements as (
    {{ touched_rows(ref('stg_ledger__movements'), ['item_id']) }}
),

touched_layers as (
    {{ expiring_layers('touched_movements') }}
),

layers as (
    {{ hot_union(ref('int_stock__expiring'), ['item_id'], 'select * from touched_layers') }}
),

removed as (
    select *, cast(expires_on - {{ removal_days() }} as date) as removal_on
    from layers
    where expiring_units > 0
)

select
    removed.item_id,
    removed.location_id,
    removed.expires_on,
    removed.removal_on,
    removed.expiring_units,
    -- To the end of that day at the place (one without a zone has its days in UTC); nothing known yet is past nothing.
    coalesce(cast(timezone(coalesce(places.time_zone, 'UTC'), clock.published_at) as date) > removed.removal_on, false) as is_past_removal
from removed
left join {{ ref('core__dim_location') }} as places on removed.location_id = places.location_id
cross join {{ ref('int_ledger__newest') }} as clock
