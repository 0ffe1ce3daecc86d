select
    looked_at,
    alert_id,
    what,
    figures,
    commit_id
from {{ source('ledger', 'alert_looks') }}
