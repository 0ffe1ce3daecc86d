{{ config(materialized='ephemeral') }}

select
    'negative_stock' as alert_code,
    'warning' as severity,
    stock.item_id,
    stock.location_id,
    format(
        '{} at {} stands at {} units ({}): something left that the books never received',
        items.item_code, places.location_code, stock.negative_units, stock.negative_states
    ) as what,
    cast(json_object(
        'on_hand_units', cast(stock.negative_units as bigint), 'states', stock.negative_states, 'last_movement_at', stock.last_movement_at
    ) as varchar) as figures
from {{ ref('int_alerts__stock') }} as stock
left join {{ ref('core__dim_item') }} as items on stock.item_id = items.item_id
left join {{ ref('core__dim_location') }} as places on stock.location_id = places.location_id
where stock.negative_units < 0
