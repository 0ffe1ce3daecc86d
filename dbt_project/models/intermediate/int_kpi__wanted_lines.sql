{{ config(materialized='ephemeral') }}

with lines as (
    select *
    from {{ ref('int_orders__lines') }}
    where is_placed
),

backorders as (
    select
        channel_id,
        document_id,
        document_line,
        item_id,
        cast(sum(case when event_kind = 'backorder_accepted' then sign * units else 0 end) as bigint) as backordered_units,
        cast(sum(case when event_kind = 'preorder_accepted' then sign * units else 0 end) as bigint) as preordered_units
    from {{ ref('stg_ledger__events') }}
    where event_kind in ('backorder_accepted', 'preorder_accepted')
    group by all
)

select
    lines.*,
    -- Neither fraud nor what is not out yet was wanted at once; without a back- or preorder there is none, hence 0.
    greatest(0, lines.ordered_units - lines.cancelled_for_fraud_units - coalesce(backorders.preordered_units, 0)) as demanded_units,
    coalesce(backorders.backordered_units, 0) as backordered_units
from lines
left join backorders
    on
        lines.channel_id = backorders.channel_id and lines.document_id = backorders.document_id
        and lines.document_line = backorders.document_line and lines.item_id = backorders.item_id
