{{ config(materialized='ephemeral') }}

{% set events = ref('stg_ledger__events') %}
{% set movements = ref('stg_ledger__movements') %}

with order_lines as (
    select * from {{ ref('int_orders__lines') }}
    where location_id is not null
),

said as (
    select
        channel_id, document_id, document_line, item_id, event_kind, occurred_at, source_revision, event_id, units,
        cast(sum(sign) as integer) as n_times
    from {{ events }}
    where event_kind in {{ order_event_kinds() }}
    group by all
    having sum(sign) <> 0
),

shipped as (
    select
        order_lines.channel_id,
        movements.document_id,
        movements.document_line,
        movements.item_id,
        movements.occurred_at,
        cast(sum(case when movements.from_stock_state is not null then movements.units else -movements.units end) as bigint) as units
    from {{ movements }} as movements
    -- A shipment may leave its channel out; the number is then of one channel only.
    inner join order_lines
        on
            movements.document_id = order_lines.document_id and movements.document_line = order_lines.document_line
            and movements.item_id = order_lines.item_id
            and coalesce(movements.channel_id = order_lines.channel_id, true)
    where movements.movement_kind = 'ship' and movements.document_kind = 'so'
    group by all
),

line_steps as (
    select
        channel_id,
        document_id,
        document_line,
        item_id,
        occurred_at,
        event_kind = 'order_line_changed' as is_change,
        source_revision,
        event_id,
        case when event_kind in ('order_placed', 'order_line_changed') then units end as stated_units,
        case when event_kind in ('backorder_accepted', 'preorder_accepted') then units * n_times else 0 end as backordered_units,
        case when event_kind = 'order_cancelled' then units * n_times else 0 end as cancelled_units,
        case when event_kind = 'order_shipped' then units * n_times else 0 end as shipped_by_channel_units,
        0 as shipped_by_warehouse_units
    from said

    union all
    select
        channel_id,
        document_id,
        document_line,
        item_id,
        occurred_at,
        false as is_change,
        0 as source_revision,
        null as event_id,
        null as stated_units,
        0 as backordered_units,
        0 as cancelled_units,
        0 as shipped_by_channel_units,
        units as shipped_by_warehouse_units
    from shipped
),

open_lines as (
    select
        channel_id,
        document_id,
        document_line,
        item_id,
        occurred_at,
        row_number() over by_time as step_no,
        greatest(
            0,
            greatest(coalesce(last_value(stated_units ignore nulls) over by_time, 0), sum(backordered_units) over by_time)
            - sum(cancelled_units) over by_time
            - greatest(sum(shipped_by_channel_units) over by_time, sum(shipped_by_warehouse_units) over by_time)
        ) as open_units
    from line_steps
    window by_time as (
        partition by channel_id, document_id, document_line, item_id
        order by occurred_at, is_change, source_revision, event_id nulls last, shipped_by_warehouse_units
        rows between unbounded preceding and current row
    )
),

reservations as (
    select
        open_lines.*,
        open_units - lag(open_units, 1, 0) over (partition by channel_id, document_id, document_line, item_id order by step_no) as delta_units
    from open_lines
)

select
    reservations.item_id,
    order_lines.location_id,
    reservations.occurred_at as changed_at,
    reservations.delta_units
from reservations
inner join order_lines
    on
        reservations.channel_id = order_lines.channel_id and reservations.document_id = order_lines.document_id
        and reservations.document_line = order_lines.document_line and reservations.item_id = order_lines.item_id
where reservations.delta_units <> 0
