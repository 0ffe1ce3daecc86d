{{ config(materialized='ephemeral') }}

with gaps as (
    select * from {{ ref('availability__desync') }}
    where is_out_of_sync
)

select
    'desync' as alert_code,
    case
        -- Sold without being there, or there without being sold: worse than a figure that is behind.
        when gaps.ats_units = 0 then 'critical'
        when gaps.displayed_units = 0 or gaps.gap_units >= gaps.ats_units then 'warning'
        else 'info'
    end as severity,
    gaps.item_id,
    gaps.channel_id,
    format(
        '{} shows {} of {}, {} are available: {}',
        channels.channel_code, gaps.displayed_units, items.item_code, gaps.ats_units,
        case when gaps.gap_units > 0 then format('{} too many may be sold', gaps.gap_units) else format('{} are not offered', -gaps.gap_units) end
    ) as what,
    cast(json_object(
        'displayed_units', gaps.displayed_units, 'ats_units', gaps.ats_units, 'gap_units', gaps.gap_units, 'displayed_at', gaps.displayed_at
    ) as varchar) as figures
from gaps
inner join {{ ref('core__dim_item') }} as items on gaps.item_id = items.item_id
inner join {{ ref('core__dim_channel') }} as channels on gaps.channel_id = channels.channel_id
