with lines as (
    select *
    from {{ ref('int_kpi__order_lines') }}
),

demanded as (
    select *
    from lines
    where demanded_units > 0
),

of_lines as (
    select
        unnest(['demanded_units', 'filled_units', 'short_units', 'oversold_units', 'demanded_lines', 'filled_lines']) as measure_code,
        unnest([
            demanded_units, demanded_units - short_units, short_units, oversold_units,
            1, cast(short_units = 0 as bigint)
        ]) as amount,
        demand_on as measured_on,
        channel_id,
        location_id,
        category,
        null as currency_code
    from demanded
),

orders as (
    -- An order belongs to one channel and to the day of its first line.
    select
        channel_id,
        document_id,
        min(demand_on) as measured_on,
        bool_or(short_units > 0) as is_short,
        bool_or(oversold_units > 0) as is_oversold
    from demanded
    group by all
),

delivered as (
    select
        channel_id,
        document_id,
        document_line,
        item_id,
        sum(sign * units) as delivered_units,
        max(occurred_at) as delivered_at
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'order_delivered'
    group by all
    having sum(sign * units) > 0
),

zones as (
    select channel_id, coalesce(time_zone, {{ any_zone() }}) as time_zone
    from {{ ref('core__dim_channel') }}
),

promises as (
    -- What the customer or fraud took back was promised to nobody; a channel that never reports deliveries is not judged.
    select
        lines.channel_id,
        lines.document_id,
        lines.ordered_units - lines.cancelled_units as due_units,
        coalesce(delivered.delivered_units, 0) as delivered_units,
        cast(timezone(zones.time_zone, delivered.delivered_at) as date) as delivered_on,
        max(cast(timezone(zones.time_zone, lines.promised_at) as date)) over (partition by lines.channel_id, lines.document_id) as promised_on
    from lines
    inner join zones on lines.channel_id = zones.channel_id
    left join delivered
        on
            lines.channel_id = delivered.channel_id and lines.document_id = delivered.document_id
            and lines.document_line = delivered.document_line and lines.item_id = delivered.item_id
    where
        lines.channel_id in (select d.channel_id from delivered as d)
        and (lines.ordered_units > lines.cancelled_units or lines.cancelled_for_stock_units > 0)
),

promised as (
    select
        channel_id,
        document_id,
        promised_on as measured_on,
        bool_or(due_units > 0)
        and bool_and(due_units <= 0 or (delivered_units >= due_units and delivered_on <= promised_on)) as is_on_time
    from promises
    where promised_on <= {{ as_of_day() }}
    group by all
),

of_orders as (
    select
        unnest(['orders', 'short_orders', 'filled_orders', 'oversold_orders']) as measure_code,
        unnest([1, cast(is_short as bigint), cast(not is_short as bigint), cast(is_oversold as bigint)]) as amount,
        measured_on,
        channel_id,
        null as currency_code
    from orders

    union all
    select
        unnest(['promised_orders', 'on_time_orders']) as measure_code,
        unnest([1, cast(is_on_time as bigint)]) as amount,
        measured_on,
        channel_id,
        null as currency_code
    from promised
),

by_line_grain as (
    {{ kpi_measures_by_grain('of_lines', ['channel', 'location', 'category']) }}
),

by_order_grain as (
    {{ kpi_measures_by_grain('of_orders', ['channel']) }}
)

select * from by_line_grain

union all
select * from by_order_grain
