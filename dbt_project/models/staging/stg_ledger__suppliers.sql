select
    supplier_id,
    supplier_code,
    supplier_name,
    supplier_kind,
    time_zone,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'suppliers') }}
