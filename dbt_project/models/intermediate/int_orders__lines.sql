{{ config(
    materialized='incremental', unique_key=['channel_id', 'document_id', 'document_line', 'item_id'], post_hook="{{ record_commit() }}"
) }}
{% set since = since_commit() %}

with events as not materialized (
    select * from {{ ref('stg_ledger__events') }}
),

movements as not materialized (
    select * from {{ ref('stg_ledger__movements') }}
),

reasons as (
    {{ declared_reasons() }}
),

{% if is_incremental() %}
touched as (
    {{ touched_order_lines('(select * from events where commit_id > ' ~ since ~ ')', '(select * from movements where commit_id > ' ~ since ~ ')') }}

    union
    select document_id, document_line
    from events
    where event_kind = 'order_cancelled' and reason_code in {{ newly_declared(since) }}
),
{% endif %}

line_events as not materialized (
    {{ rebuilt('events', ['document_id', 'document_line']) }}
),

line_shipments as not materialized (
    {{ rebuilt('movements', ['document_id', 'document_line'], condition="movement_kind = 'ship'") }}
),

lines as (
    {{ order_lines('line_events', 'line_shipments', reasons='reasons') }}
)

select
    *,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from lines
