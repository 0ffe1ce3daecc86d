{{ config(
    materialized='incremental', unique_key=['item_id', 'location_id', 'channel_id', 'demand_on'],
    post_hook="{{ record_commit(['intermediate.int_orders__lines']) }}"
) }}
{% set since = since_commit() %}
{% set events = ref('stg_ledger__events') %}

with movements as not materialized (
    select * from {{ ref('stg_ledger__movements') }}
),

order_lines as (
    select * from {{ ref('int_orders__lines') }}
),

reasons as (
    {{ declared_reasons() }}
),

sales as not materialized (
    {{ sold_units('movements', 'reasons') }}
),

-- Orders that were placed for a reason that is no demand: tests, samples.
not_demanded as (
    {{ not_demanded_lines(events, 'reasons') }}
),

exchanges as (
    select
        case when to_stock_state is not null then to_location_id else from_location_id end as location_id,
        business_on as demand_on,
        document_id,
        max(commit_id) as commit_id
    from movements
    where movement_kind = 'exchange'
    group by all
    having sum(case when to_stock_state is not null then units else -units end) > 0
),

{% if is_incremental() %}
touched as (
    {{ touched_demand_days(events, since) }}
),
{% else %}
touched as (
    select item_id, location_id, channel_id, demand_on
    from sales
    where false
),
{% endif %}

touched_sales as not materialized (
    {{ rebuilt('sales', ['item_id', 'location_id', 'channel_id', 'demand_on']) }}
),

touched_orders as not materialized (
    {{ rebuilt('order_lines', ['item_id', 'location_id', 'channel_id', 'demand_on'], nullable=['location_id']) }}
),

demanded as (
    select
        touched_sales.item_id,
        touched_sales.location_id,
        touched_sales.channel_id,
        touched_sales.demand_on,
        touched_sales.sold_units as gross_units,
        case when exchanges.document_id is not null then touched_sales.sold_units else 0 end as exchange_units,
        0 as lost_units_observed,
        case when touched_sales.is_promo then touched_sales.sold_units else 0 end as promo_units,
        touched_sales.sold_units * touched_sales.unit_price_amount as amount,
        touched_sales.unit_price_amount is null as is_unpriced,
        touched_sales.currency_code
    from touched_sales
    left join exchanges
        on
            touched_sales.location_id = exchanges.location_id and touched_sales.demand_on = exchanges.demand_on
            and touched_sales.document_id = exchanges.document_id

    union all
    select
        item_id,
        location_id,
        channel_id,
        demand_on,
        greatest(0, ordered_units - cancelled_for_fraud_units) as gross_units,
        0 as exchange_units,
        least(cancelled_for_stock_units, greatest(0, ordered_units - cancelled_for_fraud_units)) as lost_units_observed,
        case when is_promo then greatest(0, ordered_units - cancelled_for_fraud_units) else 0 end as promo_units,
        greatest(0, ordered_units - cancelled_for_fraud_units) * unit_price_amount as amount,
        unit_price_amount is null as is_unpriced,
        currency_code
    from touched_orders
    anti join not_demanded
        on
            touched_orders.channel_id = not_demanded.channel_id and touched_orders.document_id = not_demanded.document_id
            and touched_orders.document_line = not_demanded.document_line and touched_orders.item_id = not_demanded.item_id
    where is_placed

    union all
    -- A day from which everything was taken back: its row must become zero, not stay.
    select
        item_id,
        location_id,
        channel_id,
        demand_on,
        0 as gross_units,
        0 as exchange_units,
        0 as lost_units_observed,
        0 as promo_units,
        0 as amount,
        false as is_unpriced,
        null as currency_code
    from touched
),

in_each_currency as (
    select
        item_id,
        location_id,
        channel_id,
        demand_on,
        currency_code,
        sum(gross_units) as gross_units,
        sum(exchange_units) as exchange_units,
        sum(lost_units_observed) as lost_units_observed,
        sum(promo_units) as promo_units,
        cast(sum(amount) as decimal(28, 4)) as amount,
        bool_or(is_unpriced) as is_unpriced
    from demanded
    group by all
)

select
    item_id,
    location_id,
    channel_id,
    demand_on,
    cast(sum(gross_units) as bigint) as gross_units,
    cast(sum(exchange_units) as bigint) as exchange_units,
    cast(sum(lost_units_observed) as bigint) as lost_units_observed,
    cast(sum(promo_units) as bigint) as promo_units,
    -- Unknown where a part has no price. Where currencies meet, nothing is their sum: each is in gross_amounts.
    case
        when not bool_or(is_unpriced) and count(currency_code) = 1
            then cast(sum(amount) filter (currency_code is not null) as decimal(28, 4))
    end as gross_amount,
    case
        when not bool_or(is_unpriced)
            then map_from_entries(list(struct_pack(k := currency_code, v := amount) order by currency_code) filter (currency_code is not null))
    end as gross_amounts,
    case when count(currency_code) = 1 then min(currency_code) end as currency_code,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from in_each_currency
group by item_id, location_id, channel_id, demand_on
