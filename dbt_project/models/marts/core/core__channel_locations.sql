{{ config(materialized='view', tags=['hot']) }}

select
    channel_id,
    location_id,
    channel_code,
    location_code,
    priority
from {{ ref('int_channels__served') }}
