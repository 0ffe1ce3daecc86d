{{ config(materialized='ephemeral') }}

{% set movements = ref('stg_ledger__movements') %}

with legs as not materialized (
    {{ movement_legs(movements, physical_only=true) }}
),

zones as (
    -- A place without a zone has its days in UTC.
    select location_id, coalesce(time_zone, 'UTC') as time_zone
    from {{ ref('core__dim_location') }}
    where not is_virtual
),

calendar as (
    select
        zones.location_id,
        days.business_on,
        zones.time_zone,
        epoch_us(timezone(zones.time_zone, cast(days.business_on as timestamp))) as starts_us,
        epoch_us(timezone(zones.time_zone, cast(days.business_on + 1 as timestamp))) as ends_us
    from (
        select cast(unnest(generate_series(min(m.business_on), max(m.business_on), interval 1 day)) as date) as business_on
        from {{ movements }} as m
    ) as days
    cross join zones
),

timed as (
    select
        legs.item_id,
        legs.location_id,
        legs.business_on,
        calendar.time_zone,
        legs.delta_units,
        legs.owner_id = 0 as is_own,
        {{ is_sellable('legs.stock_state') }} as is_sellable,
        legs.movement_kind in ('sale', 'ship', 'order_shipped') as is_sale,
        -- Units times µs: a hundred million units for a day are beyond 64 bits.
        cast(legs.delta_units as hugeint)
        * (calendar.ends_us - least(greatest(epoch_us(legs.occurred_at), calendar.starts_us), calendar.ends_us)) as delta_unit_us
    from legs
    inner join calendar on legs.location_id = calendar.location_id and legs.business_on = calendar.business_on
),

-- Hours are rounded once, by item, place and day (costs of hours in the next step): sums of these are exact.
daily as (
    select
        item_id,
        location_id,
        business_on,
        time_zone,
        sum(delta_units) as delta_units,
        cast(sum(delta_unit_us) / 3600000000.0 as decimal(28, 6)) as delta_unit_hours,
        sum(delta_units) filter (where is_own) as own_delta_units,
        cast(sum(delta_unit_us) filter (where is_own) / 3600000000.0 as decimal(28, 6)) as own_delta_unit_hours,
        sum(delta_units) filter (where is_sellable) as sellable_delta_units,
        cast(sum(delta_unit_us) filter (where is_sellable) / 3600000000.0 as decimal(28, 6)) as sellable_delta_unit_hours,
        -sum(delta_units) filter (where is_sale) as sold_units
    from timed
    group by item_id, location_id, business_on, time_zone
)

select * from daily
