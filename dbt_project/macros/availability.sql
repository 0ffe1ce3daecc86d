{# Grain: item x channel x place that serves it. Of the places `served`: what is held in stock, less what is promised and what a policy holds back. #}
{% macro offers_of_items(served) %}
    with on_hand as (
        select item_id, location_id, sum(on_hand_units) as sellable_units
        from {{ ref('stock__on_hand') }}
        where {{ is_sellable('stock_state') }}
        group by all
    ),

    expired as (
        {{ expired_now() }}
    ),

    sellable as (
        {{ without_expired('on_hand', 'expired') }}
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

    offered as (
        select held.*, served.channel_id, served.channel_code, served.location_code, items.item_code, items.category
        from held
        inner join {{ served }} as served on held.location_id = served.location_id
        left join {{ ref('core__dim_item') }} as items on held.item_id = items.item_id
        where coalesce(items.item_kind <> 'bundle', true)
    ),

    buffers as (
        {{ first_buffers('offered') }}
    ),

    buffered as (
        select offered.*, buffers.buffer_code, {{ units_held_back('buffers', 'offered.sellable_units') }} as buffer_units
        from offered
        left join buffers
            on offered.item_id = buffers.item_id and offered.channel_id = buffers.channel_id and offered.location_id = buffers.location_id
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
{% endmacro %}

{#
    Grain: item x channel x place of `offered` (ids, codes and category) that a policy names: the buffer that holds there, the first
    match alone. `is_wide` false leaves out policies that name neither item nor category.
#}
{% macro first_buffers(offered, is_wide=true) %}
    with policies as (
        -- Without a beginning or an end a policy holds for good; today is the day of the newest event, in UTC.
        select *
        from {{ ref('policy__buffers') }}
        cross join (select cast(timezone('UTC', newest_occurred_at) as date) as today_on from ledger.pin) as clock
        where coalesce(valid_from <= today_on, true) and coalesce(valid_to > today_on, true)
    ),

    -- Those that name the item are looked up by it, the few others are tried one by one.
    matches as (
        select offers.item_id, offers.channel_id, offers.location_id, offers.channel_code as of_channel, offers.location_code as of_place, policies.*
        from {{ offered }} as offers
        inner join policies on offers.item_code = policies.item_code

        union all
        select offers.item_id, offers.channel_id, offers.location_id, offers.channel_code as of_channel, offers.location_code as of_place, policies.*
        from {{ offered }} as offers
        inner join policies
            on policies.item_code is null and coalesce(policies.category = offers.category, {{ 'policies.category is null' if is_wide else 'false' }})
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
        where coalesce(channel_code = of_channel, channel_code is null) and coalesce(location_code = of_place, location_code is null)
    )

    select item_id, channel_id, location_id, buffer_code, buffer_kind, buffer_units, buffer_rate
    from ranked
    qualify row_number() over (
        partition by item_id, channel_id, location_id order by precedence_rank, channel_code is null, location_code is null, buffer_code
    ) = 1
{% endmacro %}
