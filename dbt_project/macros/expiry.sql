{#
    Goods that may be sold up to a day. The ledger keeps what was said: many senders name a lot when it comes and none when it is
    sold. For expiry alone, what leaves without a lot is taken from the lots that end first. Nothing else reads these figures.
#}

{# Whether goods in this state count here: what can be sold, and what was received and is not put away yet. #}
{% macro is_held_to_sell(stock_state) -%}
    ({{ is_sellable(stock_state) }} or {{ stock_state }} = 'in_progress')
{%- endmacro %}

{# Days before its expiry on which a lot is sold for the last time. #}
{% macro removal_days() -%}
    coalesce(cast({{ parameter('removal_days', optional=true) }} as integer), 0)
{%- endmacro %}

{#
    Grain: item x location x expiry day. What is left of the goods that end then, of all `movements` of items that have a day.
    Of lots that ended two months and more before the place's newest movement, the last day stands for all.

    What is left of all lots that end by a day follows from sums: they are first in line for whatever leaves without a lot, so what
    is left is what came in less what went out, and every time that would have fallen below 0 is forgiven.
#}
{% macro expiring_layers(movements) %}
    with lots as (
        -- The newest word about a lot holds; of several at one instant the earliest day.
        select item_id, lot_id, arg_max(expires_on, (known_at, date '9999-12-31' - expires_on)) as expires_on
        from {{ movements }}
        where lot_id <> '' and expires_on is not null and not is_reversal
        group by item_id, lot_id
    ),

    -- What is moved within a place keeps its day.
    legs as (
        select
            coalesce(reverses_movement_id, movement_id) as root_id, item_id, from_location_id as location_id, lot_id, expires_on,
            -units as delta_units, business_on, is_reversal
        from {{ movements }}
        where {{ is_held_to_sell('from_stock_state') }} and not coalesce({{ is_held_to_sell('to_stock_state') }} and from_location_id = to_location_id, false)

        union all
        select
            coalesce(reverses_movement_id, movement_id) as root_id, item_id, to_location_id as location_id, lot_id, expires_on,
            units as delta_units, business_on, is_reversal
        from {{ movements }}
        where {{ is_held_to_sell('to_stock_state') }} and not coalesce({{ is_held_to_sell('from_stock_state') }} and from_location_id = to_location_id, false)
    ),

    -- What was taken back never happened.
    flows as (
        select
            legs.item_id,
            legs.location_id,
            coalesce(lots.expires_on, legs.expires_on) as expires_on,
            min(legs.business_on) as flow_on,
            sum(legs.delta_units) as delta_units,
            bool_or((legs.delta_units < 0) <> legs.is_reversal) as is_outflow
        from legs
        left join lots on legs.item_id = lots.item_id and legs.lot_id = lots.lot_id
        group by legs.root_id, legs.item_id, legs.location_id, coalesce(lots.expires_on, legs.expires_on)
    ),

    stands as (
        select item_id, location_id, greatest(0, sum(delta_units)) as held_units, max(flow_on) as newest_on
        from flows
        group by item_id, location_id
    ),

    ends as (
        select distinct
            flows.item_id,
            flows.location_id,
            case
                when flows.expires_on >= stands.newest_on - 60 then flows.expires_on
                else max(flows.expires_on) filter (where flows.expires_on < stands.newest_on - 60)
                    over (partition by flows.item_id, flows.location_id)
            end as expires_on
        from flows
        inner join stands on flows.item_id = stands.item_id and flows.location_id = stands.location_id
        where flows.expires_on is not null
    ),

    days as (
        select item_id, location_id, expires_on, flow_on, sum(delta_units) as delta_units
        from flows
        -- What came without a day never ends, and is last in line.
        where expires_on is not null or is_outflow
        group by item_id, location_id, expires_on, flow_on
    ),

    sums as (
        select
            ends.item_id,
            ends.location_id,
            ends.expires_on,
            days.flow_on,
            sum(sum(days.delta_units)) over (partition by ends.item_id, ends.location_id, ends.expires_on order by days.flow_on) as net_units
        from ends
        inner join days
            on
                ends.item_id = days.item_id and ends.location_id = days.location_id
                and coalesce(days.expires_on <= ends.expires_on, true)
        group by ends.item_id, ends.location_id, ends.expires_on, days.flow_on
    ),

    remaining as (
        select item_id, location_id, expires_on, arg_max(net_units, flow_on) - least(0, min(net_units)) as left_units
        from sums
        group by item_id, location_id, expires_on
    ),

    -- Where more has left under a lot's name than the lot had, the rest was of others: there is never more than is held.
    capped as (
        select
            remaining.item_id,
            remaining.location_id,
            remaining.expires_on,
            greatest(
                0,
                remaining.left_units
                - greatest(0, max(remaining.left_units) over (partition by remaining.item_id, remaining.location_id) - stands.held_units)
            ) as left_units
        from remaining
        inner join stands on remaining.item_id = stands.item_id and remaining.location_id = stands.location_id
    ),

    grown as (
        select *, max(left_units) over (partition by item_id, location_id order by expires_on) as by_then_units
        from capped
    )

    select
        item_id,
        location_id,
        expires_on,
        cast(by_then_units - lag(by_then_units, 1, 0) over (partition by item_id, location_id order by expires_on) as bigint) as expiring_units
    from grown
{% endmacro %}

{# Grain: item x location. What can be sold of what is held: `held` (sellable_units) without what is past its day, `expired` (expired_units). #}
{% macro without_expired(held, expired) %}
    -- Nothing is past its day: none, hence 0. What is not put away yet is in expired_units, and not in sellable_units.
    select
        held.item_id,
        held.location_id,
        held.sellable_units - least(greatest(held.sellable_units, 0), coalesce(expired.expired_units, 0)) as sellable_units
    from {{ held }} as held
    left join {{ expired }} as expired on held.item_id = expired.item_id and held.location_id = expired.location_id
{% endmacro %}

{# Grain: item x location. What is past its day when the file is published. #}
{% macro expired_now() %}
    select item_id, location_id, sum(expiring_units) as expired_units
    from {{ ref('stock__expiring') }}
    where is_past_removal
    group by item_id, location_id
{% endmacro %}
