{{ config(materialized='view', tags=['hot']) }}

with spans as (
    {{ version_spans(source('ledger', 'suppliers'), ['supplier_id']) }}
)

select
    supplier_id,
    supplier_code,
    supplier_name,
    supplier_kind,
    time_zone,
    version_no,
    valid_from,
    valid_to,
    known_from,
    known_to,
    is_current
from spans
