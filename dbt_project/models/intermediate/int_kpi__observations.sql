with items as (
    select item_id, category
    from {{ ref('core__dim_item') }}
),

lead_times as (
    select * from {{ ref('int_lead_times__receipts') }}
    where not is_set_aside
),

returned as (
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

select
    'lead_time_days' as measure_code,
    lead_times.received_on as measured_on,
    cast(null as bigint) as channel_id,
    lead_times.location_id,
    items.category,
    lead_times.supplier_id,
    cast(lead_times.lead_time_days as decimal(18, 6)) as observation
from lead_times
left join items on lead_times.item_id = items.item_id

union all
-- On the day of the run that saw the reorder point reached.
select
    'rop_reaction_hours' as measure_code,
    crossed_on as measured_on,
    cast(null as bigint) as channel_id,
    location_id,
    category,
    cast(null as bigint) as supplier_id,
    reaction_hours as observation
from {{ ref('int_kpi__crossings') }}
where reaction_hours is not null

union all
-- Until the slowest channel displayed the change.
select
    'sync_latency_seconds' as measure_code,
    changed_on as measured_on,
    cast(null as bigint) as channel_id,
    location_id,
    category,
    cast(null as bigint) as supplier_id,
    latency_seconds as observation
from {{ ref('int_kpi__synced_changes') }}

union all
-- On the day of the refund. One before the goods came is not one of received goods.
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
inner join items on refunds.item_id = items.item_id
group by refunds.event_id, refunds.business_on, refunds.channel_id, returned.location_id, items.category, refunds.occurred_at
