with demand as (
    select * from {{ ref('demand__daily') }}
)

select
    item_id,
    location_id,
    channel_id,
    cast(sum(gross_units) as bigint) as recent_demand_units
from demand
where demand_on > {{ as_of_day() }} - {{ recent_demand_days() }} and demand_on <= {{ as_of_day() }}
group by all
having sum(gross_units) > 0
