{{ config(materialized='view', tags=['hot']) }}

with supply as materialized (
    select
        supply.*,
        coalesce(supply.promised_on, supply.due_on) as expected_on,
        -- A place without a zone has its days in UTC.
        cast(timezone(coalesce(places.time_zone, 'UTC'), clock.data_at) as date) as today_on
    from {{ ref('int_supply__now') }} as supply
    inner join {{ ref('core__dim_location') }} as places on supply.location_id = places.location_id
    cross join {{ ref('int_ledger__newest') }} as clock
),

stock as materialized (
    select
        item_id,
        location_id,
        -- Goods of other states only: none of them can be sold, hence 0.
        coalesce(sum(on_hand_units) filter (where {{ is_sellable('stock_state') }}), 0) as sellable_units,
        sum(on_hand_units) filter (where on_hand_units < 0) as negative_units,
        string_agg(
            case when on_hand_units < 0 then stock_state || case when lot_id = '' then '' else ' lot ' || lot_id end end, ', '
            order by stock_state, lot_id
        ) as negative_states,
        max(last_movement_at) as last_movement_at
    from {{ ref('stock__on_hand') }}
    group by item_id, location_id
),

coming as (
    select
        item_id,
        location_id,
        sum(open_units) as open_supply_units,
        min(expected_on) filter (where expected_on >= today_on) as next_expected_on
    from supply
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
    select item_id, location_id, reorder_point_units, safety_stock_units, excluded_supply_units, 0 as reserved_units, 0 as recent_demand_units
    from {{ ref('plan__reorder_points') }}

    union all
    select
        item_id, location_id, null as reorder_point_units, null as safety_stock_units, 0 as excluded_supply_units, reserved_units, 0 as recent_demand_units
    from {{ ref('int_orders__reserved') }}
    where location_id is not null

    union all
    select
        item_id, location_id, null as reorder_point_units, null as safety_stock_units, 0 as excluded_supply_units, 0 as reserved_units, recent_demand_units
    from recent
),

wanted as (
    select
        item_id,
        location_id,
        max(reorder_point_units) as reorder_point_units,
        max(safety_stock_units) as safety_stock_units,
        max(excluded_supply_units) as excluded_supply_units,
        sum(reserved_units) as reserved_units,
        sum(recent_demand_units) as recent_demand_units
    from watched
    group by item_id, location_id
),

-- Nothing of a kind is none, hence 0; a reorder point that nobody planned stays unknown.
shelves as (
    select
        wanted.item_id,
        wanted.location_id,
        wanted.reorder_point_units,
        wanted.safety_stock_units,
        wanted.recent_demand_units,
        wanted.reserved_units,
        coalesce(stock.sellable_units, 0) as sellable_units,
        coalesce(stock.sellable_units, 0) - wanted.reserved_units as available_units,
        coalesce(coming.open_supply_units, 0) as open_supply_units,
        -- What the plan did not count (forgotten, or after the days to cover) does not cover here either.
        greatest(0, coalesce(coming.open_supply_units, 0) - wanted.excluded_supply_units) as useful_supply_units,
        coming.next_expected_on
    from wanted
    left join stock on wanted.item_id = stock.item_id and wanted.location_id = stock.location_id
    left join coming on wanted.item_id = coming.item_id and wanted.location_id = coming.location_id
),

judged as (
    select
        *,
        available_units + useful_supply_units as position_units,
        available_units <= 0 and (coalesce(reorder_point_units > 0, false) or recent_demand_units > 0) as is_out_of_stock,
        coalesce(reorder_point_units > 0 and available_units <= reorder_point_units, false) or available_units + useful_supply_units < 0 as is_low
    from shelves
),

troubled as materialized (
    select
        judged.*,
        items.item_code,
        places.location_code,
        coalesce(proposals.proposed_units, 0) as proposed_units,
        coalesce(judged.position_units > judged.reorder_point_units, false) as is_covered,
        case
            when judged.open_supply_units = 0 then 'nothing is on order'
            when judged.next_expected_on is null then format('{} units on order, all of them late or without a day', judged.open_supply_units)
            else format('{} units on order, next expected {}', judged.open_supply_units, judged.next_expected_on)
        end as supply_text,
        cast(json_object(
            'sellable_units', cast(judged.sellable_units as bigint), 'reserved_units', cast(judged.reserved_units as bigint),
            'available_units', cast(judged.available_units as bigint), 'on_order_units', cast(judged.open_supply_units as bigint),
            'useful_supply_units', cast(judged.useful_supply_units as bigint), 'position_units', cast(judged.position_units as bigint),
            'reorder_point_units', judged.reorder_point_units, 'safety_stock_units', judged.safety_stock_units,
            'next_expected_on', judged.next_expected_on, 'proposed_units', proposals.proposed_units,
            'recent_demand_units', cast(judged.recent_demand_units as bigint)
        ) as varchar) as figures
    from judged
    inner join {{ ref('core__dim_location') }} as places on judged.location_id = places.location_id and not places.is_virtual
    left join {{ ref('core__dim_item') }} as items on judged.item_id = items.item_id
    left join proposals on judged.item_id = proposals.item_id and judged.location_id = proposals.location_id
    where judged.is_out_of_stock or judged.is_low
),

out_of_stock as (
    select
        'stockout' as alert_code,
        case when useful_supply_units > 0 then 'warning' else 'critical' end as severity,
        item_id,
        location_id,
        cast(null as bigint) as supplier_id,
        cast(null as varchar) as subject,
        format(
            '{} at {} is out of stock: {} sellable - {} reserved = {}, {} asked for in 90 days; {}',
            item_code, location_code, sellable_units, reserved_units, available_units, recent_demand_units, supply_text
        )
        || case when proposed_units > 0 then format('; order {} units', proposed_units) else '' end as what,
        figures
    from troubled
    where is_out_of_stock
),

low as (
    select
        'stock_below_rop' as alert_code,
        case when is_covered then 'info' else 'warning' end as severity,
        item_id,
        location_id,
        cast(null as bigint) as supplier_id,
        cast(null as varchar) as subject,
        format('{} at {}: {} available', item_code, location_code, available_units)
        || case
            when coalesce(reorder_point_units > 0 and available_units <= reorder_point_units, false)
                then format(', at or below the reorder point of {}', cast(cast(reorder_point_units as decimal(18, 2)) as varchar))
            else ': more is promised than there is'
        end
        || case
            when is_covered then format('; already ordered: {}, position {}', supply_text, position_units)
            when proposed_units > 0 then format('; {}, position {}: order {} units', supply_text, position_units, proposed_units)
            else format('; {}, position {}', supply_text, position_units)
        end as what,
        figures
    from troubled
    where is_low
),

below_zero as (
    select
        'negative_stock' as alert_code,
        'warning' as severity,
        stock.item_id,
        stock.location_id,
        cast(null as bigint) as supplier_id,
        cast(null as varchar) as subject,
        format(
            '{} at {} stands at {} units ({}): something left that the books never received',
            items.item_code, places.location_code, stock.negative_units, stock.negative_states
        ) as what,
        cast(json_object(
            'on_hand_units', cast(stock.negative_units as bigint), 'states', stock.negative_states, 'last_movement_at', stock.last_movement_at
        ) as varchar) as figures
    from stock
    left join {{ ref('core__dim_item') }} as items on stock.item_id = items.item_id
    left join {{ ref('core__dim_location') }} as places on stock.location_id = places.location_id
    where stock.negative_units < 0
),

late_orders as (
    select
        coalesce(supply.po_id, supply.document_id) as order_id,
        case when count(distinct supply.item_id) = 1 then min(supply.item_id) end as item_id,
        case when count(distinct supply.location_id) = 1 then min(supply.location_id) end as location_id,
        min(supply.supplier_id) as supplier_id,
        count(*) as n_lines,
        sum(supply.open_units) as open_units,
        -- None of them announced: 0.
        coalesce(sum(supply.open_units) filter (where supply.supply_kind = 'asn'), 0) as announced_units,
        min(supply.expected_on) as expected_on,
        max(supply.today_on - supply.expected_on) as days_late,
        string_agg(distinct items.item_code, ', ' order by items.item_code) as item_codes,
        string_agg(distinct places.location_code, ', ' order by places.location_code) as location_codes,
        string_agg(distinct items.item_code, ', ' order by items.item_code) filter (where troubled.is_out_of_stock) as out_of_stock_codes
    from supply
    left join {{ ref('core__dim_item') }} as items on supply.item_id = items.item_id
    left join {{ ref('core__dim_location') }} as places on supply.location_id = places.location_id
    left join troubled on supply.item_id = troubled.item_id and supply.location_id = troubled.location_id
    where supply.supply_kind in ('po', 'asn') and supply.expected_on < supply.today_on
    group by coalesce(supply.po_id, supply.document_id)
),

grace as (
    select coalesce(max(po_grace_days), 14) as po_grace_days from {{ ref('policy__planning') }}
),

late as (
    select
        'po_late' as alert_code,
        case
            when late_orders.out_of_stock_codes is not null then 'critical'
            when late_orders.days_late > grace.po_grace_days then 'info'
            else 'warning'
        end as severity,
        late_orders.item_id,
        late_orders.location_id,
        late_orders.supplier_id,
        late_orders.order_id as subject,
        format(
            '{} of {} is late by {} days (expected {}): {} units of {} still to come to {}',
            late_orders.order_id, coalesce(suppliers.supplier_code, 'an unknown supplier'), late_orders.days_late, late_orders.expected_on,
            late_orders.open_units, coalesce(late_orders.item_codes, 'unknown items'), late_orders.location_codes
        )
        || case when late_orders.announced_units > 0 then format(', {} of them announced', late_orders.announced_units) else '' end
        || case when late_orders.out_of_stock_codes is not null then format('; out of stock there: {}', late_orders.out_of_stock_codes) else '' end
        || case
            when late_orders.days_late > grace.po_grace_days then format('; later than the {} days planning waits: chase or cancel it', grace.po_grace_days)
            else ''
        end as what,
        cast(json_object(
            'order', late_orders.order_id, 'supplier', suppliers.supplier_code, 'open_units', cast(late_orders.open_units as bigint),
            'announced_units', cast(late_orders.announced_units as bigint), 'lines', late_orders.n_lines, 'expected_on', late_orders.expected_on,
            'days_late', late_orders.days_late, 'items', late_orders.item_codes, 'locations', late_orders.location_codes,
            'out_of_stock_items', late_orders.out_of_stock_codes
        ) as varchar) as figures
    from late_orders
    cross join grace
    left join {{ ref('core__dim_supplier') }} as suppliers on late_orders.supplier_id = suppliers.supplier_id
)

select * from out_of_stock

union all
select * from low

union all
select * from below_zero

union all
select * from late
