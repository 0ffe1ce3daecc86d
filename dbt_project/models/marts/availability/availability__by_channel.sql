{{ config(materialized='view', tags=['hot']) }}

with places as (
    select * from {{ ref('availability__by_channel_location') }}
),

bundle_parts as (
    {{ bundle_parts('places') }}
),

bundles as (
    {{ bundles_of_channels('bundle_parts', 'places') }}
),

-- A bundle that nobody can put together is not available, and the row says why.
incomplete as (
    select
        parts.bundle_id as item_id,
        channels.channel_id,
        case when max(parts.component_id) is null then 'bom_missing' else 'component_unknown' end as unavailable_reason
    from {{ ref('int_bundles__components') }} as parts
    cross join {{ ref('core__dim_channel') }} as channels
    where parts.component_id is null or parts.is_unknown
    group by parts.bundle_id, channels.channel_id
)

select
    item_id,
    channel_id,
    cast(sum(greatest(sellable_units, 0)) as bigint) as sellable_units,
    cast(sum(reserved_units) as bigint) as reserved_units,
    cast(sum(backorder_units) as bigint) as backorder_units,
    cast(sum(buffer_units) as bigint) as buffer_units,
    cast(sum(ats_units) as bigint) as ats_units,
    sum(ats_units) > 0 as is_in_stock,
    cast(null as bigint) as bottleneck_item_id,
    cast(null as varchar) as unavailable_reason
from places
where item_id not in (select parts.bundle_id from {{ ref('int_bundles__components') }} as parts)
group by item_id, channel_id

union all
select
    bundles.item_id,
    bundles.channel_id,
    cast(bundles.sellable_units as bigint) as sellable_units,
    cast(0 as bigint) as reserved_units,
    cast(0 as bigint) as backorder_units,
    cast(bundles.sellable_units - bundles.ats_units as bigint) as buffer_units,
    cast(bundles.ats_units as bigint) as ats_units,
    bundles.ats_units > 0 as is_in_stock,
    bundles.bottleneck_item_id,
    cast(null as varchar) as unavailable_reason
from bundles
anti join incomplete on bundles.item_id = incomplete.item_id

union all
select
    item_id,
    channel_id,
    cast(0 as bigint) as sellable_units,
    cast(0 as bigint) as reserved_units,
    cast(0 as bigint) as backorder_units,
    cast(0 as bigint) as buffer_units,
    cast(0 as bigint) as ats_units,
    false as is_in_stock,
    cast(null as bigint) as bottleneck_item_id,
    unavailable_reason
from incomplete
