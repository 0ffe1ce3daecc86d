select
    check_id,
    alert_id,
    trouble_key as alert_key,
    alert_code,
    severity,
    state,
    is_from_data,
    changed_at,
    item_id,
    location_id,
    channel_id,
    supplier_id,
    subject,
    what,
    figures,
    commit_id
from {{ source('ledger', 'alert_changes') }}
