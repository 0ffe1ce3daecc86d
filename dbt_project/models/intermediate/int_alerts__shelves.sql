{{ config(materialized='ephemeral') }}

with coming as (
    select
        item_id,
        location_id,
        sum(open_units) as open_supply_units,
        min(expected_on) filter (where expected_on >= today_on) as next_expected_on
    from {{ ref('int_alerts__supply') }}
    group by item_id, location_id
),

proposals as (
    select item_id, location_id, cast(sum(order_units) as bigint) as proposed_units
    from {{ ref('plan__reorder_proposals') }}
    where is_latest_run
    group by item_id, location_id
),

recent as (
    select item_id, location_id, sum(recent_demand_units) as recent_demand_units
    from {{ ref('int_demand__recent') }}
    group by item_id, location_id
),

watched as (
    select
        item_id, location_id, reorder_point_units, safety_stock_units, excluded_supply_units, 0 as reserved_units, 0 as recent_demand_units,
        {{ is_given_up() }} as is_given_up
    from {{ ref('plan__reorder_points') }}

    union all by name
    select item_id, location_id, reserved_units
    from {{ ref('int_orders__reserved') }}
    where location_id is not null

    union all by name
    select item_id, location_id, recent_demand_units
    from recent
),

wanted as (
    select
        item_id,
        location_id,
        max(reorder_point_units) as reorder_point_units,
        max(safety_stock_units) as safety_stock_units,
        -- What one of the three does not name, it has none of.
        coalesce(max(excluded_supply_units), 0) as excluded_supply_units,
        coalesce(sum(reserved_units), 0) as reserved_units,
        coalesce(sum(recent_demand_units), 0) as recent_demand_units,
        coalesce(bool_or(is_given_up), false) as is_given_up
    from watched
    group by item_id, location_id
),

-- Nothing of a kind is none, hence 0; a reorder point that nobody planned stays unknown.
supplied as (
    select
        wanted.item_id,
        wanted.location_id,
        wanted.reorder_point_units,
        wanted.safety_stock_units,
        wanted.recent_demand_units,
        wanted.reserved_units,
        wanted.is_given_up,
        coalesce(stock.awaiting_putaway_units, 0) as awaiting_putaway_units,
        -- Books below 0 ask for a count and have an alert of their own; they are no demand.
        greatest(0, coalesce(stock.sellable_units, 0)) as sellable_units,
        greatest(0, coalesce(stock.sellable_units, 0)) - wanted.reserved_units as available_units,
        coalesce(coming.open_supply_units, 0) as open_supply_units,
        -- What the plan did not count (forgotten, or after the days to cover) does not cover here either.
        greatest(0, coalesce(coming.open_supply_units, 0) - wanted.excluded_supply_units) + coalesce(stock.awaiting_putaway_units, 0)
            as useful_supply_units,
        coming.next_expected_on
    from wanted
    left join {{ ref('int_alerts__stock') }} as stock on wanted.item_id = stock.item_id and wanted.location_id = stock.location_id
    left join coming on wanted.item_id = coming.item_id and wanted.location_id = coming.location_id
),

judged as (
    select
        *,
        available_units + useful_supply_units as position_units,
        available_units <= 0 and not is_given_up and (coalesce(reorder_point_units > 0, false) or recent_demand_units > 0) as is_out_of_stock,
        coalesce(reorder_point_units > 0 and not is_given_up and available_units <= reorder_point_units, false)
        or available_units + useful_supply_units < 0 as is_low
    from supplied
),

short as (
    select
        judged.*,
        items.item_code,
        places.location_code,
        coalesce(proposals.proposed_units, 0) as proposed_units,
        coalesce(judged.position_units > judged.reorder_point_units, false) as is_covered,
        case
            when judged.open_supply_units = 0 and judged.awaiting_putaway_units > 0 then ''
            when judged.open_supply_units = 0 then 'nothing is on order'
            when judged.next_expected_on is null then format('{} units on order, all of them late or without a day', judged.open_supply_units)
            else format('{} units on order, next expected {}', judged.open_supply_units, judged.next_expected_on)
        end
        || case when judged.open_supply_units > 0 and judged.awaiting_putaway_units > 0 then ', ' else '' end
        || case when judged.awaiting_putaway_units > 0 then format('{} units received and not put away', judged.awaiting_putaway_units) else '' end
            as supply_text,
        cast(json_object(
            'sellable_units', cast(judged.sellable_units as bigint), 'reserved_units', cast(judged.reserved_units as bigint),
            'available_units', cast(judged.available_units as bigint), 'on_order_units', cast(judged.open_supply_units as bigint),
            'awaiting_putaway_units', cast(judged.awaiting_putaway_units as bigint),
            'useful_supply_units', cast(judged.useful_supply_units as bigint), 'position_units', cast(judged.position_units as bigint),
            'reorder_point_units', judged.reorder_point_units, 'safety_stock_units', judged.safety_stock_units,
            'next_expected_on', judged.next_expected_on, 'proposed_units', proposals.proposed_units,
            'recent_demand_units', cast(judged.recent_demand_units as bigint)
        ) as varchar) as figures
    from judged
    inner join {{ ref('core__dim_location') }} as places on judged.location_id = places.location_id and not places.is_virtual
    left join {{ ref('core__dim_item') }} as items on judged.item_id = items.item_id
    left join proposals on judged.item_id = proposals.item_id and judged.location_id = proposals.location_id
    where
        (judged.is_out_of_stock or judged.is_low)
        -- Neither a bundle nor a service has stock that could run out; goods of an unknown kind are watched.
        and coalesce(items.item_kind not in ('bundle', 'service'), true)
)

select * from short
