{#- Days that a version before this one wrote may be below 0 on one side; `units_in` and `units_out` make them whole. -#}
{{ config(
    materialized='incremental', unique_key=['item_id', 'location_id', 'stock_on'],
    pre_hook="{% if is_incremental() %}update {{ this }} set in_units = {{ units_in('in_units', 'out_units') }}, out_units = {{ units_out('in_units', 'out_units') }} where in_units < 0 or out_units < 0{% endif %}",
    post_hook="{{ record_commit() }}"
) }}
{% set since = since_commit() %}

with zones as (
    -- A place without a zone has its days in UTC.
    select location_id, coalesce(time_zone, 'UTC') as time_zone
    from {{ ref('core__dim_location') }}
),

legs as not materialized (
    {{ movement_legs(ref('stg_ledger__movements'), physical_only=true) }}
),

{% if is_incremental() %}
new_keys as (
    select distinct item_id, location_id
    from legs
    where commit_id > {{ since }}
),
{% endif %}

kept as {{ 'not materialized ' if not is_incremental() }}(
    {{ rebuilt('legs', ['item_id', 'location_id'], touched='new_keys') }}
),

calendar as (
    select
        days.location_id,
        days.business_on,
        zones.time_zone,
        timezone(zones.time_zone, cast(days.business_on as timestamp)) as starts_at,
        timezone(zones.time_zone, cast(days.business_on + 1 as timestamp)) as ends_at
    from (select distinct location_id, business_on from kept) as days
    inner join zones on days.location_id = zones.location_id
),

rebuilt as {{ 'not materialized ' if not is_incremental() }}(
    -- The day by the clock of the place: nearly always the business day, so the zone is asked for only where it is not.
    select
        kept.*,
        case
            when kept.occurred_at >= calendar.starts_at and kept.occurred_at < calendar.ends_at then kept.business_on
            else cast(timezone(calendar.time_zone, kept.occurred_at) as date)
        end as clock_on
    from kept
    inner join calendar on kept.location_id = calendar.location_id and kept.business_on = calendar.business_on
),

{% if is_incremental() %}
touched as (
    -- From the earliest day that a new row belongs to.
    select item_id, location_id, min(least(business_on, clock_on)) as from_on
    from rebuilt
    where commit_id > {{ since }}
    group by all
),
{% endif %}

moved as (
    select
        item_id,
        location_id,
        business_on,
        clock_on,
        sum(delta_units) as net_units,
        {{ signed_in_units() }} as in_units,
        {{ signed_out_units() }} as out_units,
        sum(case when {{ is_sellable('stock_state') }} then delta_units else 0 end) as sellable_units,
        sum(case when {{ is_sellable('stock_state') }} and delta_units > 0 then delta_units else 0 end) as sellable_up_units,
        sum(case when {{ is_sellable('stock_state') }} and delta_units > 0 and not is_reversal then delta_units else 0 end) as sellable_added_units
    from rebuilt
    group by item_id, location_id, business_on, clock_on
),

days as (
    select
        item_id,
        location_id,
        business_on as stock_on,
        sum(net_units) as net_units,
        sum(in_units) as in_units,
        sum(out_units) as out_units,
        sum(sellable_units) as sellable_units,
        sum(sellable_added_units) as sellable_added_units
    from moved
    group by item_id, location_id, business_on
),

closings as (
    select
        *,
        sum(net_units) over by_day as closing_units,
        sum(sellable_units) over by_day as sellable_closing_units
    from days
    window by_day as (partition by item_id, location_id order by stock_on)
),

empty_days as (
    {{ empty_days() }}
)

select
    closings.item_id,
    closings.location_id,
    closings.stock_on,
    cast(closings.closing_units - closings.net_units as bigint) as opening_units,
    cast({{ units_in('closings.in_units', 'closings.out_units') }} as bigint) as in_units,
    cast({{ units_out('closings.in_units', 'closings.out_units') }} as bigint) as out_units,
    cast(closings.closing_units as bigint) as closing_units,
    cast(closings.sellable_closing_units as bigint) as sellable_closing_units,
    -- A day that is not among the empty ones had something to sell all day long.
    cast(coalesce(empty_days.empty_us, 0) / 3600000000.0 as decimal(9, 4)) as out_of_stock_hours,
    bool_or(closings.sellable_closing_units - closings.sellable_units + closings.sellable_added_units > 0)
        over (partition by closings.item_id, closings.location_id order by closings.stock_on) as has_been_in_stock,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from closings
left join empty_days
    on
        closings.item_id = empty_days.item_id and closings.location_id = empty_days.location_id
        and closings.stock_on = empty_days.clock_on
{%- if is_incremental() %}
inner join touched on closings.item_id = touched.item_id and closings.location_id = touched.location_id
qualify closings.stock_on >= any_value(touched.from_on) over (partition by closings.item_id, closings.location_id)
{%- endif %}
