{{ config(materialized='view', tags=['hot']) }}

with touched as (
    {{ touched_order_lines(source('ledger', 'events_new'), new_movements()) }}
),

touched_events as (
    {{ touched_rows(ref('stg_ledger__events'), ['document_id', 'document_line']) }}
),

touched_shipments as (
    {{ touched_rows(ref('stg_ledger__movements'), ['document_id', 'document_line'], condition="movement_kind = 'ship'") }}
),

touched_lines as (
    {{ order_lines('touched_events', 'touched_shipments') }}
),

lines as (
    {{ hot_union(
        ref('int_orders__lines'), ['document_id', 'document_line'],
        'select location_id, item_id, open_units, backorder_units from touched_lines',
        columns=['location_id', 'item_id', 'open_units', 'backorder_units']
    ) }}
),

all_lines as (
    select * from lines
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
