{{ config(
    materialized='incremental', unique_key=['item_id', 'location_id'],
    post_hook="{{ record_commit(['intermediate.int_demand__daily', 'stock.daily', 'demand.daily']) }}"
) }}
{% set since = since_commit() %}
{% set keys = ref('int_demand__daily') %}

with demand as not materialized (
    select * from {{ ref('demand__daily') }}
),

stock as not materialized (
    select * from {{ ref('stock__daily') }}
),

{% if is_incremental() %}
touched as (
    select item_id, location_id
    from {{ keys }}
    where built_commit_id > {{ since }}

    union
    select item_id, location_id
    from demand
    where built_commit_id > {{ since }}

    union
    select item_id, location_id
    from stock
    where built_commit_id > {{ since }}
),
{% endif %}

rebuilt_demand as not materialized (
    {{ rebuilt('demand', ['item_id', 'location_id'], nullable=['location_id']) }}
),

rebuilt_stock as not materialized (
    {{ rebuilt('stock', ['item_id', 'location_id']) }}
),

summed as (
    {{ demand_sums('rebuilt_demand', 'rebuilt_stock') }}
)

{% if is_incremental() %}
-- A key from which everything was taken back has no first day any more: it stays, without one.
select
    touched.item_id,
    touched.location_id,
    summed.* exclude (item_id, location_id)
from touched
left join summed on touched.item_id = summed.item_id and touched.location_id is not distinct from summed.location_id
{% else %}
select * from summed
{% endif %}
