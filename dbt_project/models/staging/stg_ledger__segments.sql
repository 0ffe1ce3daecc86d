select
    segment_code,
    member_kind,
    member_id,
    member_code,
    segment_name,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'segments') }}
