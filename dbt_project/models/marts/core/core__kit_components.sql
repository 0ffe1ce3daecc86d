{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(ref('stg_ledger__bom'), ['kit_item_id', 'component_item_id'], newest_known(ref('stg_ledger__bom')), from_its_date=true, ends=true) }}
)

select
    kit_item_id,
    component_item_id,
    kit_item_code,
    component_item_code,
    component_units
from versions
