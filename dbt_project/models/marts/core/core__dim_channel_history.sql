{{ config(materialized='view', tags=['hot']) }}

with spans as (
    {{ version_spans(source('ledger', 'channels'), ['channel_id']) }}
)

select
    channel_id,
    channel_code,
    channel_name,
    channel_kind,
    time_zone,
    version_no,
    valid_from,
    valid_to,
    known_from,
    known_to,
    is_current
from spans
