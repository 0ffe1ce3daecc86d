select
    event_kind,
    reason_code,
    reason_name,
    reason_group,
    is_demand,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'reasons') }}
