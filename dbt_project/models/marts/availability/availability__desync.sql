{{ config(materialized='view', tags=['hot']) }}

with touched as (
    select distinct item_id, channel_id
    from {{ source('ledger', 'events_new') }}
    where event_kind = 'stock_ack'
),

touched_events as (
    {{ touched_rows(ref('stg_ledger__events'), ['item_id', 'channel_id'], condition="event_kind = 'stock_ack'") }}
),

displayed as (
    {{ hot_union(ref('int_availability__displayed'), ['item_id', 'channel_id'], acknowledgements('touched_events')) }}
),

available as (
    select * from {{ ref('availability__by_channel') }}
)

-- What no place of the channel has ever held is not available: 0.
select
    displayed.item_id,
    displayed.channel_id,
    displayed.displayed_units,
    coalesce(available.ats_units, 0) as ats_units,
    displayed.displayed_units - coalesce(available.ats_units, 0) as gap_units,
    displayed.publish_no,
    displayed.displayed_at,
    cast(epoch_us(pin.newest_occurred_at - displayed.displayed_at) / 3600000000.0 as decimal(18, 4)) as displayed_hours,
    displayed.displayed_units <> coalesce(available.ats_units, 0) as is_out_of_sync
from displayed
left join available on displayed.item_id = available.item_id and displayed.channel_id = available.channel_id
cross join ledger.pin as pin
