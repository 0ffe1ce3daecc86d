{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(source('ledger', 'reasons'), ['event_kind', 'reason_code'], newest_known(source('ledger', 'reasons')), from_its_date=true, ends=true) }}
)

select
    event_kind,
    reason_code,
    reason_name,
    reason_group,
    is_demand
from versions
