select
    'sync_latency_seconds' as measure_code,
    changed_on as measured_on,
    cast(null as bigint) as channel_id,
    location_id,
    category,
    cast(null as bigint) as supplier_id,
    latency_seconds as observation
from {{ ref('int_kpi__synced_changes') }}
