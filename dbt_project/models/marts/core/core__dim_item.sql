{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(source('ledger', 'items'), ['item_id'], newest_known(source('ledger', 'items'))) }}
)

select
    versions.item_id,
    versions.item_code,
    versions.item_name,
    versions.item_kind,
    versions.category,
    versions.brand,
    versions.base_uom_code,
    versions.gtin,
    versions.unit_cost_amount,
    versions.unit_price_amount,
    versions.currency_code,
    versions.shelf_life_days,
    versions.lifecycle,
    versions.launched_on,
    versions.ended_on,
    versions.obsolescence_class,
    versions.weight_grams,
    versions.volume_cm3,
    merged.merged_into_item_id
from versions
left join {{ ref('int_items__merged') }} as merged on versions.item_id = merged.item_id
