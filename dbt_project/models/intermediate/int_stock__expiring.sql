{{ config(materialized='incremental', unique_key=['item_id'], post_hook="{{ record_commit() }}") }}
{% set movements = ref('stg_ledger__movements') %}
{% set since = since_commit() %}

with dated as (
    select distinct item_id
    from {{ movements }}
    where expires_on is not null
),

{% if is_incremental() %}
touched as (
    select distinct item_id
    from {{ movements }}
    where commit_id > {{ since }} and item_id in (select d.item_id from dated as d)
),
{% endif %}

rebuilt as (
    {{ rebuilt(movements, ['item_id'], condition='item_id in (select d.item_id from dated as d)') }}
),

layers as (
    {{ expiring_layers('rebuilt') }}
)

select * from layers
