select
    location_id,
    location_code,
    location_name,
    location_kind,
    gln,
    time_zone,
    country_code,
    rfid_posting,
    is_virtual,
    valid_from,
    valid_to,
    known_at,
    version_no,
    extra,
    commit_id
from {{ source('ledger', 'locations') }}
