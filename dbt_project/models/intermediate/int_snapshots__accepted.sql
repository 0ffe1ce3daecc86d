-- The newest figure of each key that an accepted snapshot told. What a later one leaves out keeps its figure and its age:
-- a missing row is unknown, never 0. What none of the newest snapshots names has no row.
with accepted as (
    select
        lines.*,
        snapshots.completeness
    from {{ ref('int_snapshots__lines') }} as lines
    inner join {{ ref('int_snapshots__completeness') }} as snapshots
        on
            lines.event_kind = snapshots.event_kind
            and lines.location_id is not distinct from snapshots.location_id
            and lines.supplier_id is not distinct from snapshots.supplier_id
            and lines.snapshot_at = snapshots.snapshot_at
    where snapshots.is_accepted and snapshots.newness <= 1 + {{ parameter('snapshot_trail') }}
),

newest as (
    select
        *,
        snapshot_at = max(snapshot_at) over (partition by event_kind, location_id, supplier_id) as is_in_newest
    from accepted
    qualify row_number() over (partition by event_kind, location_id, supplier_id, item_id, stock_state order by snapshot_at desc) = 1
)

select
    event_kind,
    location_id,
    supplier_id,
    item_id,
    stock_state,
    snapshot_at,
    known_at,
    snapshot_units,
    completeness,
    is_in_newest
from newest
