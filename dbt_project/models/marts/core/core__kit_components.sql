{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(source('ledger', 'bom'), ['kit_item_id', 'component_item_id'], newest_known(source('ledger', 'bom')), from_its_date=true, ends=true) }}
)

select
    kit_item_id,
    component_item_id,
    kit_item_code,
    component_item_code,
    component_units
from versions
