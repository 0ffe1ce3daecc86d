select
    check_id,
    checked_at,
    subject_commit_id,
    open_alerts,
    commit_id
from {{ source('ledger', 'alert_checks') }}
