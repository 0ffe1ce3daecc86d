-- Whatever leaves one place arrives at another. The two legs are one row of the ledger, so a whole one is balanced.
select
    item_id,
    sum(delta_units) as delta_units,
    'goods were made or lost' as fault
from {{ ref('core__fct_movements') }}
group by item_id
having sum(delta_units) <> 0

union all
select
    item_id,
    units as delta_units,
    'a movement lacks an end, its event or its units' as fault
from {{ ref('stg_ledger__movements') }}
where not coalesce(units > 0 and event_id is not null and from_location_id is not null and to_location_id is not null, false)
