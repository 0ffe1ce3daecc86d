{{ config(materialized='view', tags=['hot']) }}

with versions as (
    {{ version_at(source('ledger', 'channels'), ['channel_id'], newest_known(source('ledger', 'channels'))) }}
)

select
    channel_id,
    channel_code,
    channel_name,
    channel_kind,
    time_zone
from versions
