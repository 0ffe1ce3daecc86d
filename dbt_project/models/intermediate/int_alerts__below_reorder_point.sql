{{ config(materialized='ephemeral') }}

select
    'stock_below_rop' as alert_code,
    case when is_covered then 'info' else 'warning' end as severity,
    item_id,
    location_id,
    format('{} at {}: {} available', item_code, location_code, available_units)
    || case
        when coalesce(reorder_point_units > 0 and available_units <= reorder_point_units, false)
            then format(', at or below the reorder point of {}', cast(cast(reorder_point_units as decimal(18, 2)) as varchar))
        else ': more is promised than there is'
    end
    || case
        when is_covered then format('; already ordered: {}, position {}', supply_text, position_units)
        when proposed_units > 0 then format('; {}, position {}: order {} units', supply_text, position_units, proposed_units)
        else format('; {}, position {}', supply_text, position_units)
    end as what,
    figures
from {{ ref('int_alerts__shelves') }}
where is_low
