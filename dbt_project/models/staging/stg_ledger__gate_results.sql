select
    gate_run_id,
    rule_code,
    table_name,
    column_name,
    severity,
    is_met,
    rows_checked,
    rows_failed,
    what,
    failed_rows,
    commit_id
from {{ source('ledger', 'gate_results') }}
