{{ config(materialized='view', tags=['hot']) }}

with touched as (
    select distinct supplier_id, item_id
    from {{ source('ledger', 'events_new') }}
    where event_kind = 'supplier_stock'
),

touched_events as (
    {{ touched_rows(ref('stg_ledger__events'), ['supplier_id', 'item_id'], condition="event_kind = 'supplier_stock'") }}
),

stated as (
    {{ hot_union(ref('int_dropship__stated'), ['supplier_id', 'item_id'], supplier_statements('touched_events')) }}
),

aged as (
    select
        stated.*,
        cast(epoch_us(clock.data_at - stated.stated_at) / 3600000000.0 as decimal(18, 4)) as age_hours
    from stated
    cross join {{ ref('int_ledger__newest') }} as clock
),

judged as (
    select
        aged.*,
        -- Without a limit nothing is young enough.
        coalesce(aged.age_hours > limits.age_hours_max, true) as is_stale
    from aged
    cross join (select {{ parameter('dropship_age_hours_max') }} as age_hours_max) as limits
)

select
    item_id,
    supplier_id,
    supplier_units,
    stated_at,
    age_hours,
    is_stale,
    case when is_stale then 0 else greatest(0, supplier_units) end as ats_units
from judged
