select
    delivery_id,
    feed,
    source_system,
    source_uri,
    rows_in,
    accepted,
    duplicate,
    corrected,
    quarantined,
    first_known_at,
    applied_at,
    commit_id
from {{ source('ledger', 'deliveries') }}
