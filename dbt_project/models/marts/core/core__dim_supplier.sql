{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(ref('stg_ledger__suppliers'), ['supplier_id'], newest_known(ref('stg_ledger__suppliers'))) }}
)

select
    supplier_id,
    supplier_code,
    supplier_name,
    supplier_kind,
    time_zone
from versions
