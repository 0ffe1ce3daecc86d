{{ config(materialized='view', tags=['hot']) }}

with found as (
    select * from {{ ref('ops__alerts_now') }}
),

known as (
    select * from {{ ref('int_alerts__history') }}
    where is_newest
),

-- What the tables raise goes on with its newest alert if that is open; else it is another alert.
open_now as (
    select
        found.*,
        coalesce(known.state = 'open', false) as is_known,
        coalesce(known.occurrence_no, 0) + case when known.state = 'open' then 0 else 1 end as occurrence_no,
        known.severity as known_severity
    from found
    left join known on found.alert_key = known.alert_key
)

select
    md5(alert_key || '#' || occurrence_no) as alert_id,
    alert_key, alert_code, severity, 'open' as state, item_id, location_id, channel_id, supplier_id, subject, what, figures,
    true as is_from_data,
    is_known and known_severity = severity as is_recorded
from open_now

union all
-- What the history has open besides: over, unless somebody outside the data raised it, who also says when it is over.
select
    alert_id, alert_key, alert_code, severity, case when is_from_data then 'resolved' else 'open' end as state,
    item_id, location_id, channel_id, supplier_id, subject, what, figures,
    is_from_data,
    not is_from_data as is_recorded
from known
where state = 'open' and not exists (select 1 from found where known.alert_key = found.alert_key)
