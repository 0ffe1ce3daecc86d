{{ config(materialized='view', tags=['hot']) }}

with decisions as (
    select * from {{ source('ledger', 'decisions') }}
),

undone as (
    select
        undoes_decision_id as decision_id,
        min(decision_id) as undone_by_decision_id
    from decisions
    where kind = 'undo'
    group by undoes_decision_id
)

select
    decisions.decision_id,
    decisions.batch_id,
    decisions.decided_at,
    decisions.author,
    decisions.source,
    decisions.kind,
    decisions.delivery_id,
    decisions.line_no,
    decisions.gate_run_id,
    decisions.proposal_id,
    decisions.item_id,
    decisions.location_id,
    decisions.quantity_units,
    decisions.reason,
    decisions.expires_on,
    decisions.undoes_decision_id,
    undone.undone_by_decision_id,
    -- To the end of its last day at the place that it is about (in UTC where that is none, or has no zone).
    undone.undone_by_decision_id is null
    and coalesce(cast(timezone(coalesce(places.time_zone, 'UTC'), clock.published_at) as date) <= decisions.expires_on, true) as is_in_force,
    decisions.commit_id
from decisions
left join undone on decisions.decision_id = undone.decision_id
left join {{ ref('core__dim_location') }} as places on decisions.location_id = places.location_id
cross join {{ ref('int_ledger__newest') }} as clock
