-- Never more than is sellable, never below 0, and the channel's figure is the sum of its places'.
select
    item_id,
    channel_id,
    location_id,
    ats_units
from {{ ref('availability__by_channel_location') }}
where ats_units < 0 or ats_units > greatest(sellable_units, 0) or ats_units > greatest(0, sellable_units - reserved_units - buffer_units)
