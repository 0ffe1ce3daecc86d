select
    run_id,
    settings_no,
    setting_code,
    setting_value,
    policy_table,
    policy_code,
    reason,
    commit_id
from {{ source('ledger', 'plan_settings') }}
