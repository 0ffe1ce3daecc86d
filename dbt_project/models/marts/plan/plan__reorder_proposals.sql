{{ config(materialized='view', tags=['hot']) }}

with proposals as (
    select * from {{ source('ledger', 'plan_proposals') }}
),

runs as (
    select * from {{ ref('plan__runs') }}
)

select
    proposals.proposal_id,
    proposals.run_id,
    proposals.as_of_on,
    proposals.item_id,
    proposals.location_id,
    proposals.supplier_id,
    proposals.inventory_position_units,
    proposals.reorder_point_units,
    proposals.deficit_units,
    proposals.economic_order_units,
    proposals.moq_units,
    proposals.multiple_units,
    proposals.max_units,
    proposals.left_units,
    proposals.rounding_reason,
    proposals.order_units,
    proposals.order_by_on,
    proposals.eta_on,
    proposals.unit_cost_amount,
    proposals.order_cost_amount,
    proposals.currency_code,
    proposals.priority_rank,
    proposals.cover_days,
    proposals.status,
    -- A proposal whose run has not come along is not of the latest run.
    coalesce(runs.is_latest, false) as is_latest_run,
    proposals.why
from proposals
left join runs on proposals.run_id = runs.run_id
