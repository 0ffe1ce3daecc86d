select
    kit_item_id,
    component_item_id,
    kit_item_code,
    component_item_code,
    component_units,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'bom') }}
