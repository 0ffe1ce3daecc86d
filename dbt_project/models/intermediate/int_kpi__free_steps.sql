{% set movements = ref('stg_ledger__movements') %}

with legs as not materialized (
    {{ movement_legs(movements, physical_only=true) }}
),

changes as (
    select item_id, location_id, occurred_at as changed_at, delta_units as sellable_delta_units, 0 as reserved_delta_units
    from legs
    where {{ is_sellable('stock_state') }}

    union all
    select item_id, location_id, changed_at, 0 as sellable_delta_units, delta_units as reserved_delta_units
    from {{ ref('int_kpi__reserved_steps') }}
),

instants as (
    select
        item_id,
        location_id,
        changed_at,
        sum(sellable_delta_units) as sellable_delta_units,
        sum(reserved_delta_units) as reserved_delta_units
    from changes
    group by all
)

select
    item_id,
    location_id,
    changed_at,
    cast(sum(sellable_delta_units) over by_time - sellable_delta_units as bigint) as sellable_units_before,
    cast(sum(sellable_delta_units) over by_time as bigint) as sellable_units,
    cast(sum(reserved_delta_units) over by_time - reserved_delta_units as bigint) as reserved_units_before,
    cast(sum(reserved_delta_units) over by_time as bigint) as reserved_units
from instants
window by_time as (partition by item_id, location_id order by changed_at)
