{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(source('ledger', 'locations'), ['location_id'], newest_known(source('ledger', 'locations'))) }}
)

select
    location_id,
    location_code,
    location_name,
    location_kind,
    is_virtual,
    gln,
    time_zone,
    country_code,
    rfid_posting,
    opening_hours,
    capacity_units,
    calendar_code
from versions
