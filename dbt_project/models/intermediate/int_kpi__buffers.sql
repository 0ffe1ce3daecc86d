{{ config(materialized='ephemeral') }}

select offers.item_id, offers.channel_id, offers.location_id, policies.buffer_kind, policies.buffer_units, policies.buffer_rate
from {{ ref('availability__by_channel_location') }} as offers
inner join {{ ref('policy__buffers') }} as policies on offers.buffer_code = policies.buffer_code
