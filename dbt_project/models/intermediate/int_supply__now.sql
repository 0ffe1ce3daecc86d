{{ config(materialized='view', tags=['hot']) }}

-- The ledger is named at each use: a CTE that is used twice would be copied whole for every reader.
with movements_new as (
    select movements.*
    from {{ new_movements() }} as movements
    left join {{ ref('core__dim_location') }} as places_from on movements.from_location_id = places_from.location_id
    left join {{ ref('core__dim_location') }} as places_to on movements.to_location_id = places_to.location_id
    where movements.movement_kind = 'receipt' or places_from.location_kind = 'transit' or places_to.location_kind = 'transit'
),

named as (
    select document_id from {{ source('ledger', 'events_new') }}
    where feed = 'supply'

    union
    select ref_document_id from {{ source('ledger', 'events_new') }}
    where feed = 'supply'

    union
    select document_id from movements_new

    union
    select ref_document_id from movements_new
),

-- With a notice its order changes, and with an order all of its notices.
orders as (
    select document_id from named

    union
    select notices.ref_document_id
    from {{ ref('stg_ledger__events') }} as notices
    semi join named on notices.document_id = named.document_id
    where notices.feed = 'supply' and notices.event_kind = 'asn'
),

touched as (
    select document_id from orders

    union
    select notices.document_id
    from {{ ref('stg_ledger__events') }} as notices
    semi join orders on notices.ref_document_id = orders.document_id
    where notices.feed = 'supply' and notices.event_kind = 'asn'
),

touched_events as (
    {{ touched_rows(ref('stg_ledger__events'), ['document_id'], condition="feed = 'supply'") }}
),

-- Receipts and goods under way name their order or notice in either place.
touched_movements as (
    select movements.*
    from {{ ref('stg_ledger__movements') }} as movements
    semi join touched on movements.document_id = touched.document_id

    union all
    select movements.*
    from {{ ref('stg_ledger__movements') }} as movements
    semi join touched as referred on movements.ref_document_id = referred.document_id
    anti join touched on movements.document_id = touched.document_id
),

touched_supply as (
    {{ open_supply('touched_events', 'touched_movements') }}
),

-- A movement of a touched document may name another one too: only what is touched is counted here.
supply as (
    {{ hot_union(ref('int_supply__open'), ['document_id'], touched_rows('touched_supply', ['document_id'])) }}
)

select * from supply
