select
    'rop_reaction_hours' as measure_code,
    crossed_on as measured_on,
    cast(null as bigint) as channel_id,
    location_id,
    category,
    cast(null as bigint) as supplier_id,
    reaction_hours as observation
from {{ ref('int_kpi__crossings') }}
where reaction_hours is not null
