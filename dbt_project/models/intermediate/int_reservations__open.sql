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
    {% set columns = ['document_id', 'document_line', 'item_id', 'location_id', 'reserved_at', 'expires_at', 'still_held_units'] %}
    {{ hot_union(
        ref('int_reservations__lines'), ['document_id', 'document_line'],
        'select ' ~ columns | join(', ') ~ ' from touched_lines',
        columns=columns
    ) }}
)

select all_lines.*
from all_lines
cross join {{ ref('int_ledger__newest') }} as clock
where
    all_lines.still_held_units > 0
    -- Time runs out without an event: nobody says that a cart was left behind.
    and coalesce(all_lines.expires_at > clock.data_at, true)
