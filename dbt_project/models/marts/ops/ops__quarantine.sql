{{ config(materialized='view', tags=['hot']) }}

with signed_rows as (
    select * from {{ source('ledger', 'quarantine') }}
)

select
    delivery_id,
    feed,
    line_no,
    reason_code,
    reason,
    payload,
    is_waiting,
    known_at
from signed_rows
group by all
having sum(sign) > 0
