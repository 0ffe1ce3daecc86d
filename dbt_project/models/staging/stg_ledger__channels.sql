select
    channel_id,
    channel_code,
    channel_name,
    channel_kind,
    time_zone,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'channels') }}
