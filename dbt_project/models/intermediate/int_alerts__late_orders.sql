{{ config(materialized='ephemeral') }}

with late_orders as (
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
        string_agg(distinct items.item_code, ', ' order by items.item_code) filter (where shelves.is_out_of_stock) as out_of_stock_codes
    from {{ ref('int_alerts__supply') }} as supply
    left join {{ ref('core__dim_item') }} as items on supply.item_id = items.item_id
    left join {{ ref('core__dim_location') }} as places on supply.location_id = places.location_id
    left join {{ ref('int_alerts__shelves') }} as shelves on supply.item_id = shelves.item_id and supply.location_id = shelves.location_id
    where supply.supply_kind in ('po', 'asn') and supply.expected_on < supply.today_on
    group by coalesce(supply.po_id, supply.document_id)
),

grace as (
    select coalesce(max(po_grace_days), 14) as po_grace_days from {{ ref('policy__planning') }}
)

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
