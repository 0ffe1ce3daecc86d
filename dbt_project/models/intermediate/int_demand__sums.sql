{{ config(
    materialized='incremental', incremental_strategy='delete+insert', on_schema_change='fail', unique_key=['item_id', 'location_id'],
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

touched_demand as (
    select demand.*
    from demand
    semi join touched on demand.item_id = touched.item_id and demand.location_id is not distinct from touched.location_id
),

touched_stock as (
    select stock.*
    from stock
    semi join touched on stock.item_id = touched.item_id and stock.location_id = touched.location_id
),

summed as (
    {{ demand_sums('touched_demand', 'touched_stock') }}
)

-- A key from which everything was taken back has no first day any more: it stays, without one.
select
    touched.item_id,
    touched.location_id,
    summed.* exclude (item_id, location_id)
from touched
left join summed on touched.item_id = summed.item_id and touched.location_id is not distinct from summed.location_id
{% else %}
summed as (
    {{ demand_sums('demand', 'stock') }}
)

select * from summed
{% endif %}
