select
    delivery_id,
    feed,
    source_system,
    source_uri,
    entity,
    field_name,
    field_kind,
    rows_in,
    known_at,
    commit_id
from {{ source('ledger', 'feed_fields') }}
