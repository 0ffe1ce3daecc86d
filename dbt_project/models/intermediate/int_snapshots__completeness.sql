with snapshots as (
    select event_kind, location_id, supplier_id, snapshot_at, known_at, n_items
    from {{ ref('int_snapshots__counts') }}
    where n_items > 0
),

numbered as (
    select
        *,
        row_number() over (partition by event_kind, location_id, supplier_id order by snapshot_at) as snapshot_no
    from snapshots
),

-- Refused snapshots count among the earlier ones: what stays small for half of them is no accident, and becomes the usual size.
usual as (
    select
        later.event_kind,
        later.location_id,
        later.supplier_id,
        later.snapshot_no,
        count(*) as n_earlier,
        cast(median(earlier.n_items) as decimal(18, 1)) as usual_items
    from numbered as later
    inner join numbered as earlier
        on
            later.event_kind = earlier.event_kind
            and later.location_id is not distinct from earlier.location_id
            and later.supplier_id is not distinct from earlier.supplier_id
            and later.snapshot_no > earlier.snapshot_no
            and later.snapshot_no <= earlier.snapshot_no + {{ parameter('snapshot_trail') }}
    group by all
),

judged as (
    select
        numbered.*,
        coalesce(usual.n_earlier, 0) as n_earlier,
        case when usual.n_earlier >= {{ parameter('snapshot_trail_min') }} then usual.usual_items end as usual_items
    from numbered
    left join usual
        on
            numbered.event_kind = usual.event_kind
            and numbered.location_id is not distinct from usual.location_id
            and numbered.supplier_id is not distinct from usual.supplier_id
            and numbered.snapshot_no = usual.snapshot_no
),

told as (
    select
        *,
        cast(n_items / usual_items as decimal(18, 4)) as complete_rate
    from judged
)

select
    event_kind,
    location_id,
    supplier_id,
    snapshot_at,
    known_at,
    n_items,
    usual_items,
    complete_rate,
    -- Without enough earlier ones nothing can be said against it.
    case
        when complete_rate is null then 'unjudged'
        when complete_rate < {{ parameter('snapshot_refuse_rate') }} then 'refused'
        when complete_rate < {{ parameter('snapshot_warn_rate') }} then 'thin'
        else 'complete'
    end as completeness,
    coalesce(complete_rate >= {{ parameter('snapshot_refuse_rate') }}, true) as is_accepted,
    row_number() over (partition by event_kind, location_id, supplier_id order by snapshot_at desc) as newness
from told
