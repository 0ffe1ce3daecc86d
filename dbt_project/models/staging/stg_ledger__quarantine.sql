select
    delivery_id,
    feed,
    line_no,
    reason_code,
    reason,
    payload,
    is_waiting,
    known_at,
    sign,
    commit_id
from {{ source('ledger', 'quarantine') }}
