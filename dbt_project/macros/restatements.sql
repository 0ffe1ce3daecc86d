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
