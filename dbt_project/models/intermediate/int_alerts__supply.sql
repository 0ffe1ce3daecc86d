{{ config(materialized='ephemeral') }}

select
    supply.*,
    coalesce(supply.promised_on, supply.due_on) as expected_on,
    -- A place without a zone has its days in UTC.
    cast(timezone(coalesce(places.time_zone, 'UTC'), clock.data_at) as date) as today_on
from {{ ref('int_supply__now') }} as supply
inner join {{ ref('core__dim_location') }} as places on supply.location_id = places.location_id
cross join {{ ref('int_ledger__newest') }} as clock
