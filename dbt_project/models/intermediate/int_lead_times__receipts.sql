with purchase_lines as (
    {{ purchase_lines(ref('stg_ledger__events')) }}
),

notices as (
    {{ notices(ref('stg_ledger__events')) }}
),

receipts as (
    {{ purchase_receipts(ref('stg_ledger__movements'), 'notices') }}
)

select
    purchase_lines.supplier_id,
    receipts.item_id,
    receipts.location_id,
    receipts.po_id,
    receipts.po_line,
    receipts.event_id,
    cast(receipts.received_units as bigint) as received_units,
    cast(receipts.received_on - purchase_lines.ordered_on as bigint) as lead_time_days,
    -- Received before it was ordered: the documents contradict each other.
    receipts.received_on < purchase_lines.ordered_on as is_set_aside,
    purchase_lines.ordered_on,
    receipts.received_on,
    receipts.received_at
from receipts
inner join purchase_lines
    on
        receipts.po_id = purchase_lines.document_id and receipts.po_line = purchase_lines.document_line
        and receipts.item_id = purchase_lines.item_id
where purchase_lines.ordered_on is not null and purchase_lines.supplier_id is not null
