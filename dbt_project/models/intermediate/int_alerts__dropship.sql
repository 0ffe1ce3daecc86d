{{ config(materialized='ephemeral') }}

with stale as (
    select
        dropship.supplier_id,
        count(*) as n_items,
        cast(sum(dropship.supplier_units) as bigint) as withheld_units,
        string_agg(items.item_code, ', ' order by items.item_code) filter (where dropship.supplier_units > 0) as item_codes,
        max(dropship.stated_at) as stated_at,
        min(dropship.age_hours) as age_hours
    from {{ ref('availability__dropship') }} as dropship
    inner join {{ ref('core__dim_item') }} as items on dropship.item_id = items.item_id
    where dropship.is_stale
    group by dropship.supplier_id
)

select
    'dropship_feed_stale' as alert_code,
    -- A supplier that had nothing anyway takes nothing from what can be sold by falling silent.
    case when stale.withheld_units > 0 then 'warning' else 'info' end as severity,
    stale.supplier_id,
    suppliers.supplier_code as subject,
    format(
        '{} last stated its stock of {} items {} hours ago: {} units are not offered',
        suppliers.supplier_code, stale.n_items, cast(cast(stale.age_hours as decimal(18, 1)) as varchar), stale.withheld_units
    )
    || coalesce(' (' || stale.item_codes || ')', '') as what,
    cast(json_object(
        'supplier', suppliers.supplier_code, 'items', stale.n_items, 'withheld_units', stale.withheld_units, 'item_codes', stale.item_codes,
        'stated_at', stale.stated_at, 'age_hours', cast(stale.age_hours as decimal(18, 1))
    ) as varchar) as figures
from stale
inner join {{ ref('core__dim_supplier') }} as suppliers on stale.supplier_id = suppliers.supplier_id
