select
    run_id,
    as_of_at,
    as_of_on,
    marts_commit_id,
    planned_at,
    commit_id
from {{ source('ledger', 'plan_runs') }}
