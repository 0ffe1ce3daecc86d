{{ config(
    materialized='incremental', unique_key=['event_kind', 'location_id', 'supplier_id', 'snapshot_at'], post_hook="{{ record_commit() }}"
) }}
{% set since = since_commit() %}

with told as not materialized (
    select
        event_kind,
        case when event_kind = 'snapshot' then location_id end as location_id,
        case when event_kind = 'supplier_stock' then supplier_id end as supplier_id,
        item_id,
        occurred_at as snapshot_at,
        known_at,
        sign,
        commit_id
    from {{ ref('stg_ledger__events') }}
    where event_kind in ('snapshot', 'supplier_stock')
),

{% if is_incremental() %}
touched as (
    select distinct event_kind, location_id, supplier_id, snapshot_at
    from told
    where commit_id > {{ since }}
),
{% endif %}

rebuilt as not materialized (
    {{ rebuilt('told', ['event_kind', 'location_id', 'supplier_id', 'snapshot_at'], nullable=['location_id', 'supplier_id']) }}
),

-- An item that a revision took out adds up to none. So may a whole snapshot: its row stays, with 0 items.
items as (
    select event_kind, location_id, supplier_id, snapshot_at, item_id, max(known_at) as known_at, sum(sign) as n_lines
    from rebuilt
    group by all
)

select
    event_kind,
    location_id,
    supplier_id,
    snapshot_at,
    max(known_at) as known_at,
    count(*) filter (where n_lines > 0) as n_items
from items
group by all
