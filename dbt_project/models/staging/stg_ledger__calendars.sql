select
    calendar_code,
    day_kind,
    zone,
    starts_on,
    ends_on,
    period_name,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'calendars') }}
