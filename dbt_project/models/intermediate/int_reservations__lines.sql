{{ config(
    materialized='incremental', unique_key=['document_id', 'document_line', 'item_id'], post_hook="{{ record_commit() }}"
) }}
{% set since = since_commit() %}

with events as not materialized (
    select * from {{ ref('stg_ledger__events') }}
),

movements as not materialized (
    select * from {{ ref('stg_ledger__movements') }}
),

{% if is_incremental() %}
touched as (
    {{ touched_reservations('(select * from events where commit_id > ' ~ since ~ ')', '(select * from movements where commit_id > ' ~ since ~ ')') }}
),

touched_events as not materialized (
    {{ events_of_reservations('events', 'touched') }}
),

touched_shipments as not materialized (
    {{ shipments_of_reservations('movements', 'touched') }}
),

lines as (
    {{ reservation_lines('touched_events', 'touched_shipments') }}
)
{% else %}
lines as (
    {{ reservation_lines('events', 'movements') }}
)
{% endif %}

select
    *,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from lines
