{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(ref('stg_ledger__items'), ['item_id'], newest_known(ref('stg_ledger__items'))) }}
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
    lifecycle
from versions
