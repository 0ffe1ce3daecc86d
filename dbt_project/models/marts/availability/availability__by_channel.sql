{{ config(materialized='view', tags=['hot']) }}

with places as (
    select * from {{ ref('availability__by_channel_location') }}
)

select
    item_id,
    channel_id,
    cast(sum(greatest(sellable_units, 0)) as bigint) as sellable_units,
    cast(sum(reserved_units) as bigint) as reserved_units,
    cast(sum(backorder_units) as bigint) as backorder_units,
    cast(sum(buffer_units) as bigint) as buffer_units,
    cast(sum(ats_units) as bigint) as ats_units,
    sum(ats_units) > 0 as is_in_stock
from places
group by all
