{{ config(materialized='view', tags=['hot']) }}

with touched as (
    {{ touched_order_lines(source('ledger', 'events_new'), new_movements()) }}
),

untouched_lines as (
    select lines.location_id, lines.item_id, lines.open_units, lines.backorder_units
    from {{ ref('int_orders__lines') }} as lines
    anti join touched on lines.document_id = touched.document_id and lines.document_line = touched.document_line
    where lines.open_units > 0
),

touched_events as (
    select events.*
    from {{ ref('stg_ledger__events') }} as events
    semi join touched on events.document_id = touched.document_id and events.document_line = touched.document_line
),

touched_shipments as (
    select movements.*
    from {{ ref('stg_ledger__movements') }} as movements
    semi join touched on movements.document_id = touched.document_id and movements.document_line = touched.document_line
    where movements.movement_kind = 'ship'
),

touched_lines as (
    {{ order_lines('touched_events', 'touched_shipments') }}
),

all_lines as (
    select location_id, item_id, open_units, backorder_units from untouched_lines

    union all
    select location_id, item_id, open_units, backorder_units from touched_lines
    where open_units > 0

    union all
    select location_id, item_id, still_held_units as open_units, 0 as backorder_units from {{ ref('int_reservations__open') }}
)

select
    item_id,
    location_id,
    cast(sum(open_units) as bigint) as reserved_units,
    cast(sum(backorder_units) as bigint) as backorder_units
from all_lines
group by all
