{{ config(
    materialized='incremental', incremental_strategy='delete+insert', on_schema_change='fail',
    unique_key=['channel_id', 'document_id', 'document_line', 'item_id'], post_hook="{{ record_commit() }}"
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
    {{ touched_order_lines('(select * from events where commit_id > ' ~ since ~ ')', '(select * from movements where commit_id > ' ~ since ~ ')') }}
),

touched_events as not materialized (
    select events.*
    from events
    semi join touched on events.document_id = touched.document_id and events.document_line = touched.document_line
),

touched_shipments as not materialized (
    select movements.*
    from movements
    semi join touched on movements.document_id = touched.document_id and movements.document_line = touched.document_line
    where movements.movement_kind = 'ship'
),

lines as (
    {{ order_lines('touched_events', 'touched_shipments') }}
)
{% else %}
lines as (
    {{ order_lines('events', 'movements') }}
)
{% endif %}

select
    *,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from lines
