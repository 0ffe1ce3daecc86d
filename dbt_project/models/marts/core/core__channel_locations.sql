{{ config(materialized='view', tags=['hot']) }}

with network as (
    {{ version_at(source('ledger', 'networks'), ['channel_id', 'location_id'], newest_known(source('ledger', 'networks')), from_its_date=true, ends=true) }}
),

channels as (
    select * from {{ ref('core__dim_channel') }}
),

locations as (
    select * from {{ ref('core__dim_location') }}
    where not is_virtual
)

select
    channels.channel_id,
    locations.location_id,
    channels.channel_code,
    locations.location_code,
    network.priority
from channels
cross join locations
left join network on channels.channel_id = network.channel_id and locations.location_id = network.location_id
-- A channel without rows is served by every physical place.
where
    network.channel_id is not null
    or not exists (select 1 from network as own where own.channel_id = channels.channel_id)
