{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(source('ledger', 'suppliers'), ['supplier_id'], newest_known(source('ledger', 'suppliers'))) }}
)

select
    supplier_id,
    supplier_code,
    supplier_name,
    supplier_kind,
    time_zone
from versions
