select
    channel_id,
    location_id,
    channel_code,
    location_code,
    priority,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'networks') }}
