{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(
        source('ledger', 'segments'), ['segment_code', 'member_kind', 'member_id'], newest_known(source('ledger', 'segments')),
        from_its_date=true, ends=true
    ) }}
)

select
    segment_code,
    segment_name,
    member_kind,
    member_id,
    member_code
from versions
