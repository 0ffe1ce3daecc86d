{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{% if is_incremental() %}delete from {{ this }} as daily using ({{ touched_demand(since_commit()) }}) as touched where daily.item_id = touched.item_id and daily.location_id is not distinct from touched.location_id and daily.demand_on >= touched.from_on{% endif %}",
    post_hook="{{ record_commit(['intermediate.int_demand__daily', 'stock.daily']) }}"
) }}
{% set since = since_commit() %}

with
{% if is_incremental() %}
touched as (
    {{ touched_demand(since) }}
),

demanded as not materialized (
    select
        demand.*,
        touched.from_on
    from {{ ref('int_demand__daily') }} as demand
    inner join touched on demand.item_id = touched.item_id and demand.location_id is not distinct from touched.location_id
    where {{ is_asked_for() }}
),

stocked as not materialized (
    select
        daily.*,
        touched.from_on
    from {{ ref('stock__daily') }} as daily
    inner join touched on daily.item_id = touched.item_id and daily.location_id = touched.location_id
),
{% else %}
demanded as not materialized (
    select *, date '0001-01-01' as from_on
    from {{ ref('int_demand__daily') }}
    where {{ is_asked_for() }}
),

stocked as not materialized (
    select *, date '0001-01-01' as from_on
    from {{ ref('stock__daily') }}
),
{% endif %}

censored as (
    {{ censored_days() }}
),

channels as (
    select
        item_id,
        location_id,
        channel_id,
        min(demand_on) as channel_from_on
    from demanded
    where gross_units > 0
    group by all
),

sold_through as (
    -- An empty shelf loses the demand of the channels that have sold from it; before the first sale, of those that were first.
    select
        item_id,
        location_id,
        channel_id,
        case
            when channel_from_on = min(channel_from_on) over (partition by item_id, location_id) then date '0001-01-01'
            else channel_from_on
        end as channel_from_on
    from channels
),

days as (
    select
        item_id,
        location_id,
        channel_id,
        demand_on,
        gross_units,
        exchange_units,
        lost_units_observed,
        promo_units,
        gross_amount,
        gross_amounts,
        currency_code
    from demanded
    where demand_on >= from_on

    union all
    select
        censored.item_id,
        censored.location_id,
        sold_through.channel_id,
        censored.demand_on,
        0 as gross_units,
        0 as exchange_units,
        0 as lost_units_observed,
        0 as promo_units,
        0 as gross_amount,
        null as gross_amounts,
        null as currency_code
    from censored
    inner join sold_through
        on
            censored.item_id = sold_through.item_id and censored.location_id = sold_through.location_id
            and censored.demand_on >= sold_through.channel_from_on
    anti join demanded
        on
            censored.item_id = demanded.item_id and censored.location_id = demanded.location_id
            and sold_through.channel_id = demanded.channel_id and censored.demand_on = demanded.demand_on
),

flagged as (
    select
        days.*,
        censored.item_id is not null as is_censored
    from days
    left join censored
        on days.item_id = censored.item_id and days.location_id = censored.location_id and days.demand_on = censored.demand_on
)

select
    item_id,
    location_id,
    channel_id,
    demand_on,
    gross_units,
    case when not is_censored then gross_units - exchange_units end as clean_units,
    lost_units_observed,
    exchange_units,
    promo_units,
    is_censored,
    promo_units > 0 as is_promo,
    gross_amount,
    gross_amounts,
    currency_code,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from flagged
where gross_units <> 0 or lost_units_observed <> 0 or exchange_units <> 0 or is_censored
