select
    item_id,
    related_item_id,
    item_code,
    related_item_code,
    relation_kind,
    priority,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'relations') }}
