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
    method,
    method_reason,
    policy_code,
    service_target_rate,
    service_factor,
    demand_units_per_day_mean,
    demand_units_per_day_sd,
    lead_time_days_mean,
    lead_time_days_sd,
    lead_time_source,
    review_days,
    covered_days,
    n_own_receipts,
    n_supplier_receipts,
    lead_time_demand_units_sd,
    safety_stock_units,
    why
from planned
