select
    gate_run_id,
    gate_kind,
    subject,
    checked_at,
    subject_commit_id,
    is_blocked,
    rows_checked,
    report_path,
    commit_id
from {{ source('ledger', 'gate_runs') }}
