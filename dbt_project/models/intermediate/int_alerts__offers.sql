{{ config(materialized='ephemeral') }}

-- Goods are there, yet the channel may offer none of them: a buffer holds them back. An exclusion is meant to.
with held_back as (
    select
        offers.item_id,
        offers.channel_id,
        cast(sum(greatest(offers.sellable_units, 0)) as bigint) as sellable_units,
        cast(sum(offers.reserved_units) as bigint) as reserved_units,
        cast(sum(offers.buffer_units) as bigint) as buffer_units,
        string_agg(distinct offers.buffer_code, ', ' order by offers.buffer_code) as buffer_codes
    from {{ ref('availability__by_channel_location') }} as offers
    left join {{ ref('policy__buffers') }} as policies on offers.buffer_code = policies.buffer_code
    group by offers.item_id, offers.channel_id
    having
        sum(offers.ats_units) = 0 and bool_or(offers.sellable_units > offers.reserved_units)
        and not coalesce(bool_or(policies.buffer_kind = 'exclude'), false)
)

select
    'stockout' as alert_code,
    'warning' as severity,
    held_back.item_id,
    held_back.channel_id,
    format(
        '{} is out of stock on {}: {} sellable - {} reserved are there, but the buffer {} holds them back',
        items.item_code, channels.channel_code, held_back.sellable_units, held_back.reserved_units, held_back.buffer_codes
    ) as what,
    cast(json_object(
        'sellable_units', held_back.sellable_units, 'reserved_units', held_back.reserved_units, 'buffer_units', held_back.buffer_units,
        'buffer_codes', held_back.buffer_codes
    ) as varchar) as figures
from held_back
inner join {{ ref('core__dim_item') }} as items on held_back.item_id = items.item_id
inner join {{ ref('core__dim_channel') }} as channels on held_back.channel_id = channels.channel_id
semi join {{ ref('int_demand__recent') }} as recent on held_back.item_id = recent.item_id and held_back.channel_id = recent.channel_id
