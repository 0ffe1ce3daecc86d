{{ config(materialized='view', tags=['hot']) }}

with spans as (
    {{ version_spans(source('ledger', 'locations'), ['location_id']) }}
)

select
    location_id,
    location_code,
    location_name,
    location_kind,
    gln,
    time_zone,
    country_code,
    rfid_posting,
    opening_hours,
    capacity_units,
    calendar_code,
    is_virtual,
    version_no,
    valid_from,
    valid_to,
    known_from,
    known_to,
    is_current
from spans
