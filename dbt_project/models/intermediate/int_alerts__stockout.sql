{{ config(materialized='ephemeral') }}

select
    'stockout' as alert_code,
    case when useful_supply_units > 0 then 'warning' else 'critical' end as severity,
    item_id,
    location_id,
    format(
        '{} at {} is out of stock: {} sellable - {} reserved = {}, {} asked for in 90 days; {}',
        item_code, location_code, sellable_units, reserved_units, available_units, recent_demand_units, supply_text
    )
    || case when proposed_units > 0 then format('; order {} units', proposed_units) else '' end as what,
    figures
from {{ ref('int_alerts__shelves') }}
where is_out_of_stock
