{{ config(materialized='view', tags=['hot']) }}

with spans as (
    {{ version_spans(source('ledger', 'items'), ['item_id']) }}
)

select
    item_id,
    item_code,
    item_name,
    item_kind,
    category,
    brand,
    base_uom_code,
    gtin,
    unit_cost_amount,
    unit_price_amount,
    currency_code,
    shelf_life_days,
    lifecycle,
    launched_on,
    ended_on,
    obsolescence_class,
    weight_grams,
    volume_cm3,
    version_no,
    valid_from,
    valid_to,
    known_from,
    known_to,
    is_current
from spans
