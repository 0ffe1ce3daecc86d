{{ config(materialized='view', tags=['hot']) }}

with touched as (
    {{ touched_reservations(source('ledger', 'events_new'), new_movements()) }}
),

touched_events as (
    {{ events_of_reservations(ref('stg_ledger__events'), 'touched') }}
),

touched_shipments as (
    {{ shipments_of_reservations(ref('stg_ledger__movements'), 'touched') }}
),

touched_lines as (
    {{ reservation_lines('touched_events', 'touched_shipments') }}
),

all_lines as (
    select lines.document_id, lines.document_line, lines.item_id, lines.location_id, lines.reserved_at, lines.expires_at, lines.still_held_units
    from {{ ref('int_reservations__lines') }} as lines
    anti join touched on lines.document_id = touched.document_id and lines.document_line = touched.document_line
    where lines.still_held_units > 0

    union all
    select document_id, document_line, item_id, location_id, reserved_at, expires_at, still_held_units
    from touched_lines
    where still_held_units > 0
)

select all_lines.*
from all_lines
cross join {{ ref('int_ledger__newest') }} as clock
-- Time runs out without an event: nobody says that a cart was left behind.
where coalesce(all_lines.expires_at > clock.data_at, true)
