{{ config(materialized='view', tags=['hot']) }}

with lines as (
    select supply.*
    from {{ source('ledger', 'plan_supply') }} as supply
    inner join {{ ref('plan__runs') }} as runs on supply.run_id = runs.run_id
    where runs.is_latest
)

select
    item_id,
    location_id,
    run_id,
    supplier_id,
    supply_kind,
    document_id,
    document_line,
    coming_units,
    ordered_at,
    {{ within_calendar("due_on") }} as due_on,
    {{ within_calendar("promised_on") }} as promised_on,
    {{ within_calendar("expected_on") }} as expected_on,
    grace_days,
    use_kind
from lines
