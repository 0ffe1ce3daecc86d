{{ config(materialized='view', tags=['hot']) }}

with served as (
    select * from {{ ref('core__channel_locations') }}
),

of_items as (
    {{ offers_of_items('served') }}
),

bundle_parts as (
    {{ bundle_parts('of_items') }}
),

of_bundles as (
    {{ offers_of_bundles('bundle_parts', 'served') }}
)

select * from of_items

union all
select * from of_bundles
