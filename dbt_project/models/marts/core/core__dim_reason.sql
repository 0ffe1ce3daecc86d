{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(ref('stg_ledger__reasons'), ['event_kind', 'reason_code'], newest_known(ref('stg_ledger__reasons')), from_its_date=true, ends=true) }}
)

select
    event_kind,
    reason_code,
    reason_name,
    reason_group,
    is_demand
from versions
