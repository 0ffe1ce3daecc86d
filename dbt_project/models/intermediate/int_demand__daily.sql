{{ config(
    materialized='incremental', incremental_strategy='delete+insert', on_schema_change='fail',
    unique_key=['item_id', 'location_id', 'channel_id', 'demand_on'],
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

sales as not materialized (
    -- Sold goods leave a physical place, which has a state; a void's reversal comes from the customer, who has none.
    select
        item_id,
        coalesce(case when from_stock_state is not null then from_location_id end, to_location_id) as location_id,
        channel_id,
        business_on as demand_on,
        document_id,
        case when from_stock_state is not null then units else -units end as sold_units,
        is_promo,
        unit_price_amount,
        currency_code,
        commit_id
    from movements
    where movement_kind = 'sale'
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
touched_tickets as (
    select distinct
        case when to_stock_state is not null then to_location_id else from_location_id end as location_id,
        business_on as demand_on,
        document_id
    from movements
    where movement_kind = 'exchange' and commit_id > {{ since }}
),

touched_lines as (
    select distinct document_id, document_line
    from {{ events }}
    where event_kind in {{ order_event_kinds() }} and commit_id > {{ since }}
),

touched as (
    select item_id, location_id, channel_id, demand_on
    from sales
    where commit_id > {{ since }}

    union
    select sales.item_id, sales.location_id, sales.channel_id, sales.demand_on
    from sales
    semi join touched_tickets
        on
            sales.location_id = touched_tickets.location_id and sales.demand_on = touched_tickets.demand_on
            and sales.document_id = touched_tickets.document_id

    union
    -- Every day that an order of the line has ever stood on, also one that was replaced.
    select events.item_id, events.location_id, events.channel_id, events.business_on
    from {{ events }} as events
    semi join touched_lines
        on events.document_id = touched_lines.document_id and events.document_line = touched_lines.document_line
    where events.event_kind = 'order_placed'
),

touched_sales as (
    select sales.*
    from sales
    semi join touched
        on
            sales.item_id = touched.item_id and sales.location_id = touched.location_id
            and sales.channel_id = touched.channel_id and sales.demand_on = touched.demand_on
),

touched_orders as (
    select order_lines.*
    from order_lines
    semi join touched
        on
            order_lines.item_id = touched.item_id and order_lines.location_id is not distinct from touched.location_id
            and order_lines.channel_id = touched.channel_id and order_lines.demand_on = touched.demand_on
),
{% else %}
touched as (
    select item_id, location_id, channel_id, demand_on
    from sales
    where false
),

touched_sales as not materialized (
    select * from sales
),

touched_orders as not materialized (
    select * from order_lines
),
{% endif %}

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
    -- Unknown where a part has no price, or where currencies meet.
    case
        when not bool_or(is_unpriced) and min(currency_code) = max(currency_code) then cast(sum(amount) as decimal(28, 4))
    end as gross_amount,
    case when min(currency_code) = max(currency_code) then min(currency_code) end as currency_code,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from demanded
group by item_id, location_id, channel_id, demand_on
