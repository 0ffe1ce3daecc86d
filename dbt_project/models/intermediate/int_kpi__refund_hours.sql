with returned as (
    select * from {{ ref('int_kpi__returned') }}
    where ref_document_kind = 'so'
),

refunds as (
    select channel_id, document_id, document_line, item_id, business_on, occurred_at, event_id
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'refund'
    group by all
    having sum(sign) > 0
)

-- A refund before the goods came is not one of received goods.
select
    'time_to_refund_hours' as measure_code,
    refunds.business_on as measured_on,
    refunds.channel_id,
    returned.location_id,
    items.category,
    cast(null as bigint) as supplier_id,
    cast(epoch_us(refunds.occurred_at - max(returned.received_at)) / 3600000000.0 as decimal(18, 6)) as observation
from refunds
inner join returned
    on
        refunds.document_id = returned.ref_document_id and refunds.document_line = returned.ref_document_line
        and refunds.item_id = returned.item_id and refunds.occurred_at >= returned.received_at
inner join {{ ref('core__dim_item') }} as items on refunds.item_id = items.item_id
group by refunds.event_id, refunds.business_on, refunds.channel_id, returned.location_id, items.category, refunds.occurred_at
