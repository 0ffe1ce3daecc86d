{#
    When the figures of a day were final: a while after its end at the place, and after the place first told of it or of
    a later day, whichever came last. Of what was known of it up to then a person may have acted; what becomes known
    later restates the day. Grows with the day, so that what is late for a day is late for every earlier one.
#}
{% macro day_closings(known_at='known_at') %}
    select
        days.location_id,
        days.business_on as stock_on,
        greatest(
            timezone(coalesce(places.time_zone, 'UTC'), cast(days.business_on + 1 as timestamp)),
            min(days.{{ known_at }}) over (
                partition by days.location_id order by days.business_on rows between current row and unbounded following
            )
        ) + to_seconds(cast(3600 * {{ parameter('restatement_grace_hours') }} as integer)) as closed_at
    from place_days as days
    inner join {{ ref('core__dim_location') }} as places on days.location_id = places.location_id
    where days.{{ known_at }} is not null
{% endmacro %}

{# Grain: location x business day. When its movements were first known, of all and of those up to the build's commit. #}
{% macro place_days(since) %}
    select
        location_id,
        business_on,
        min(known_at) as known_at,
        min(known_at) filter (where commit_id <= {{ since }}) as known_before_at
    from (
        select from_location_id as location_id, business_on, known_at, commit_id
        from {{ ref('stg_ledger__movements') }}
        where from_stock_state is not null

        union all
        select to_location_id, business_on, known_at, commit_id
        from {{ ref('stg_ledger__movements') }}
        where to_stock_state is not null
    ) as ends
    group by location_id, business_on
{% endmacro %}

{#
    Grain: item x location whose restatements are to be built again: those with new rows, and all of a place that now turns
    out to have told of a day earlier than was thought (a delivery seen before others and applied after them).
#}
{% macro touched_restatements(since) %}
    with place_days as (
        {{ place_days(since) }}
    ),

    closings as (
        {{ day_closings() }}
    ),

    closings_before as (
        {{ day_closings('known_before_at') }}
    ),

    reopened as (
        select distinct closings.location_id
        from closings_before
        inner join closings on closings_before.location_id = closings.location_id and closings_before.stock_on = closings.stock_on
        where closings.closed_at <> closings_before.closed_at
    ),

    legs as not materialized (
        {{ movement_legs(ref('stg_ledger__movements'), physical_only=true) }}
    )

    select distinct item_id, location_id
    from legs
    where commit_id > {{ since }} or location_id in (select reopened.location_id from reopened)
{% endmacro %}

{#
    Grain: item x location x known_at x event. What became known of days after they were closed, and of what was new at an instant
    the cause of it (`cause_rank` 1). A step of ops__restatements over its CTEs: `kept` (legs of the items to build) and `closings`.
#}
{% macro late_events() %}
    with late as (
        select kept.*
        from kept
        inner join closings on kept.location_id = closings.location_id and kept.business_on = closings.stock_on
        where kept.known_at > closings.closed_at
    ),

    first_known as (
        select kept.item_id, kept.location_id, kept.event_id, min(kept.known_at) as first_known_at
        from kept
        semi join late on kept.item_id = late.item_id and kept.location_id = late.location_id and kept.event_id = late.event_id
        group by all
    ),

    late_events as (
        -- In and out are signed as in stock.daily: a reversal lowers what it takes back.
        select
            item_id,
            location_id,
            known_at,
            business_on,
            event_id,
            movement_kind,
            source_feed,
            is_reversal,
            occurred_at,
            sum(delta_units) as net_units,
            {{ signed_in_units() }} as in_units,
            {{ signed_out_units() }} as out_units
        from late
        group by all
    )

    -- The cause is what was new at that instant. A count that is only posted again is not, nor is one that had found
    -- nothing amiss and so posted nothing before: anything else that is new comes first.
    select
        late_events.*,
        first_known.first_known_at < late_events.known_at as is_reposted,
        row_number() over (
            partition by late_events.item_id, late_events.location_id, late_events.known_at
            order by
                first_known.first_known_at < late_events.known_at, late_events.movement_kind in ('count', 'opening'),
                late_events.occurred_at, late_events.is_reversal, late_events.event_id
        ) as cause_rank
    from late_events
    inner join first_known
        on
            late_events.item_id = first_known.item_id and late_events.location_id = first_known.location_id
            and late_events.event_id = first_known.event_id
{% endmacro %}
