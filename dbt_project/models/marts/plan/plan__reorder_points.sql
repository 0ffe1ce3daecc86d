{{ config(materialized='view', tags=['hot']) }}

with planned as (
    select items.*
    from {{ source('ledger', 'plan_items') }} as items
    inner join {{ ref('plan__runs') }} as runs on items.run_id = runs.run_id
    where runs.is_latest
)

select
    item_id,
    location_id,
    run_id,
    supplier_id,
    sellable_units,
    on_order_units,
    in_transit_units,
    awaiting_putaway_units,
    below_zero_units,
    reserved_units,
    backorder_units,
    excluded_supply_units,
    free_units,
    inventory_position_units,
    lead_time_demand_units,
    safety_stock_units,
    reorder_point_units,
    simple_reorder_point_units,
    economic_order_units,
    unit_cost_amount,
    order_cost_amount,
    currency_code,
    needed_units,
    wanted_units,
    target_units,
    target_kind,
    target_days,
    decision,
    demand_of_item_id,
    inventory_position_units <= reorder_point_units as is_at_reorder_point,
    why
from planned
