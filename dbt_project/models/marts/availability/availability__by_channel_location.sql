{{ config(materialized='view', tags=['hot']) }}

with sellable as (
    select
        item_id,
        location_id,
        sum(on_hand_units) as sellable_units
    from {{ ref('stock__on_hand') }}
    where {{ is_sellable('stock_state') }}
    group by all
),

reserved as (
    select * from {{ ref('int_orders__reserved') }}
),

-- Goods of which a place has only one of the two: the other is none, hence 0.
held as (
    select
        coalesce(sellable.item_id, reserved.item_id) as item_id,
        coalesce(sellable.location_id, reserved.location_id) as location_id,
        coalesce(sellable.sellable_units, 0) as sellable_units,
        coalesce(reserved.reserved_units, 0) as reserved_units,
        coalesce(reserved.backorder_units, 0) as backorder_units
    from sellable
    full join reserved on sellable.item_id = reserved.item_id and sellable.location_id = reserved.location_id
),

served as (
    select * from {{ ref('core__channel_locations') }}
),

offered as (
    select
        held.*,
        served.channel_id,
        served.channel_code,
        served.location_code,
        items.item_code,
        items.category
    from held
    inner join served on held.location_id = served.location_id
    left join {{ ref('core__dim_item') }} as items on held.item_id = items.item_id
),

policies as (
    -- Without a beginning or an end a policy holds for good; today is the day of the newest event, in UTC.
    select *
    from {{ ref('policy__buffers') }}
    cross join (select cast(timezone('UTC', newest_occurred_at) as date) as today_on from ledger.pin) as clock
    where coalesce(valid_from <= today_on, true) and coalesce(valid_to > today_on, true)
),

-- Those that name the item are looked up by it, the few others are tried one by one.
matches as (
    select
        offered.item_id,
        offered.channel_id,
        offered.location_id,
        policies.*
    from offered
    inner join policies on offered.item_code = policies.item_code

    union all
    select
        offered.item_id,
        offered.channel_id,
        offered.location_id,
        policies.*
    from offered
    inner join policies on policies.item_code is null and coalesce(policies.category = offered.category, policies.category is null)
),

ranked as (
    select
        matches.*,
        case
            when buffer_kind = 'exclude' and category is not null then 1
            when buffer_kind = 'exclude' then 2
            when item_code is not null and location_code is not null then 3
            when item_code is not null then 4
            when category is not null then 5
            else 6
        end as precedence_rank
    from matches
),

first_match as (
    select ranked.*
    from ranked
    inner join served on ranked.channel_id = served.channel_id and ranked.location_id = served.location_id
    where
        coalesce(ranked.channel_code = served.channel_code, ranked.channel_code is null)
        and coalesce(ranked.location_code = served.location_code, ranked.location_code is null)
    qualify row_number() over (
        partition by ranked.item_id, ranked.channel_id, ranked.location_id
        order by ranked.precedence_rank, ranked.channel_code is null, ranked.location_code is null, ranked.buffer_code
    ) = 1
),

buffered as (
    select
        offered.*,
        first_match.buffer_code,
        case first_match.buffer_kind
            when 'exclude' then greatest(offered.sellable_units, 0)
            when 'units' then first_match.buffer_units
            when 'rate' then cast(ceil(greatest(offered.sellable_units, 0) * first_match.buffer_rate) as bigint)
            -- No policy matches: nothing is held back.
            else 0
        end as buffer_units
    from offered
    left join first_match
        on
            offered.item_id = first_match.item_id and offered.channel_id = first_match.channel_id
            and offered.location_id = first_match.location_id
)

select
    item_id,
    channel_id,
    location_id,
    cast(sellable_units as bigint) as sellable_units,
    cast(reserved_units as bigint) as reserved_units,
    cast(backorder_units as bigint) as backorder_units,
    cast(buffer_units as bigint) as buffer_units,
    cast(greatest(0, sellable_units - reserved_units - buffer_units) as bigint) as ats_units,
    buffer_code
from buffered
