{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(ref('stg_ledger__channels'), ['channel_id'], newest_known(ref('stg_ledger__channels'))) }}
)

select
    channel_id,
    channel_code,
    channel_name,
    channel_kind,
    time_zone
from versions
