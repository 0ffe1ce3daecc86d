{{ config(materialized='ephemeral') }}

select
    supply.*,
    coalesce(supply.promised_on, supply.due_on) as expected_on,
    -- The day of the latest plan, so that both count the same days late, until the news is newer. A place without a zone has its days in UTC.
    case
        when runs.as_of_at >= clock.data_at then runs.as_of_on
        else cast(timezone(coalesce(places.time_zone, 'UTC'), clock.data_at) as date)
    end as today_on
from {{ ref('int_supply__now') }} as supply
inner join {{ ref('core__dim_location') }} as places on supply.location_id = places.location_id
cross join {{ ref('int_ledger__newest') }} as clock
left join {{ ref('plan__runs') }} as runs on runs.is_latest
