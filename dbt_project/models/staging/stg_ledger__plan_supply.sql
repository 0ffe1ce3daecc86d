select
    run_id,
    item_id,
    location_id,
    supplier_id,
    supply_kind,
    document_id,
    document_line,
    coming_units,
    ordered_at,
    due_on,
    promised_on,
    expected_on,
    grace_days,
    use_kind,
    commit_id
from {{ source('ledger', 'plan_supply') }}
