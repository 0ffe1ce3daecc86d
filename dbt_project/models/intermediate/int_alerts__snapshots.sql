{{ config(materialized='ephemeral') }}

with thin as (
    select
        snapshots.*,
        case when snapshots.event_kind = 'snapshot' then 'wms/' || locations.location_code else 'supply/' || suppliers.supplier_code end as subject
    from {{ ref('int_snapshots__completeness') }} as snapshots
    left join {{ ref('core__dim_location') }} as locations on snapshots.location_id = locations.location_id
    left join {{ ref('core__dim_supplier') }} as suppliers on snapshots.supplier_id = suppliers.supplier_id
    where snapshots.newness = 1 and snapshots.completeness in ('refused', 'thin')
),

-- Goods that only stand in another state are no gap.
gaps as (
    select
        item_id,
        location_id,
        max(snapshot_at) as snapshot_at,
        cast(sum(snapshot_units) as bigint) as snapshot_units,
        cast(sum(ledger_units) as bigint) as ledger_units,
        cast(sum(diff_units) as bigint) as diff_units
    from {{ ref('stock__snapshots') }}
    where is_in_newest
    group by item_id, location_id
)

select
    'feed_incomplete' as alert_code,
    case when completeness = 'refused' then 'critical' else 'warning' end as severity,
    cast(null as bigint) as item_id,
    location_id,
    supplier_id,
    subject,
    format(
        'the stock list of {} names {} of about {} items: {}',
        subject, n_items, cast(round(usual_items) as bigint),
        case when completeness = 'refused' then 'it is refused, and the one before it stays in force' else 'it is taken, but look at it' end
    ) as what,
    cast(json_object(
        'snapshot_at', snapshot_at, 'known_at', known_at, 'items', n_items, 'usual_items', usual_items, 'complete_rate', complete_rate
    ) as varchar) as figures
from thin

union all
select
    'inventory_gap' as alert_code,
    'warning' as severity,
    gaps.item_id,
    gaps.location_id,
    cast(null as bigint) as supplier_id,
    cast(null as varchar) as subject,
    format(
        '{} at {}: its own system says {}, the books say {} for that moment',
        items.item_code, locations.location_code, gaps.snapshot_units, gaps.ledger_units
    ) as what,
    cast(json_object(
        'snapshot_at', gaps.snapshot_at, 'snapshot_units', gaps.snapshot_units, 'ledger_units', gaps.ledger_units, 'diff_units', gaps.diff_units
    ) as varchar) as figures
from gaps
inner join {{ ref('core__dim_item') }} as items on gaps.item_id = items.item_id
inner join {{ ref('core__dim_location') }} as locations on gaps.location_id = locations.location_id
where
    abs(gaps.diff_units) >= {{ parameter('inventory_gap_units') }}
    and abs(gaps.diff_units) >= {{ parameter('inventory_gap_rate') }} * greatest(gaps.ledger_units, gaps.snapshot_units)
