with receipts as (
    select * from {{ ref('int_lead_times__receipts') }}
    where not is_set_aside
)

select
    'lead_time_days' as measure_code,
    receipts.received_on as measured_on,
    cast(null as bigint) as channel_id,
    receipts.location_id,
    items.category,
    receipts.supplier_id,
    cast(receipts.lead_time_days as decimal(18, 6)) as observation
from receipts
left join {{ ref('core__dim_item') }} as items on receipts.item_id = items.item_id
