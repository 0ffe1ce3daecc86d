select
    item_id,
    item_code,
    uom_code,
    numerator,
    denominator,
    gtin,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'uoms') }}
