{{ config(materialized='view', tags=['hot']) }}

with spans as (
    {{ version_spans(source('ledger', 'terms'), ['supplier_id', 'item_id', 'location_code'], from_its_date=true) }}
)

select
    supplier_id,
    item_id,
    location_id,
    supplier_code,
    item_code,
    location_code,
    lead_time_days,
    moq_units,
    multiple_units,
    unit_cost_amount,
    currency_code,
    order_cost_amount,
    max_units,
    priority,
    version_no,
    valid_from,
    valid_to,
    known_from,
    known_to,
    is_current
from spans
