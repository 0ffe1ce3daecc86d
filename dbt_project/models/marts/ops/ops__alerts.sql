{{ config(materialized='view', tags=['hot']) }}

with troubles as materialized (
    select * from {{ ref('ops__alerts_now') }}
),

history as materialized (
    select * from {{ ref('int_alerts__history') }}
),

checks as (
    select check_id, checked_at, row_number() over (order by check_id) as check_no
    from {{ ref('stg_ledger__alert_checks') }}
),

newest as (
    select * from checks
    qualify row_number() over (order by check_no desc) = 1
),

clock as (
    select newest_known_at from {{ ref('int_ledger__newest') }}
),

-- The trouble that is there now goes on with its newest alert if that is open; else it is another alert.
open_now as (
    select
        troubles.*,
        latest.state = 'open' as is_known,
        case when latest.state = 'open' then latest.occurrence_no else coalesce(latest.occurrence_no, 0) + 1 end as occurrence_no,
        latest.severity as known_severity,
        latest.first_seen_at as known_first_seen_at,
        latest.first_check_id as known_first_check_id
    from troubles
    left join history as latest on troubles.trouble_key = latest.trouble_key and latest.is_newest
),

alerts as (
    select
        md5(trouble_key || '#' || occurrence_no) as alert_id,
        trouble_key, alert_code, severity, 'open' as state, item_id, location_id, channel_id, supplier_id, subject, what, figures,
        case when is_known then known_first_seen_at end as seen_at,
        case when is_known then known_first_check_id end as first_check_id,
        cast(null as varchar) as last_check_id,
        cast(null as timestamptz) as ended_at,
        true as is_from_data,
        coalesce(is_known and known_severity = severity, false) as is_recorded
    from open_now

    union all
    -- Everything else that is known: resolved, or open and told by somebody outside the data.
    select
        history.alert_id, history.trouble_key, history.alert_code, history.severity,
        case when history.is_from_data then 'resolved' else history.state end as state,
        history.item_id, history.location_id, history.channel_id, history.supplier_id, history.subject, history.what, history.figures,
        history.first_seen_at as seen_at,
        history.first_check_id,
        case when history.state = 'resolved' then history.last_check_id end as last_check_id,
        case when history.state = 'resolved' then history.changed_at end as ended_at,
        history.is_from_data,
        history.state = 'resolved' or not history.is_from_data as is_recorded
    from history
    where not exists (
        select 1 from troubles
        where history.trouble_key = troubles.trouble_key and history.is_newest and history.state = 'open'
    )
)

select
    alerts.alert_id,
    alerts.trouble_key,
    alerts.alert_code,
    alerts.severity,
    alerts.state,
    alerts.item_id,
    alerts.location_id,
    alerts.channel_id,
    alerts.supplier_id,
    items.item_code,
    locations.location_code,
    channels.channel_code,
    suppliers.supplier_code,
    alerts.subject,
    alerts.what,
    alerts.figures,
    -- What no look has seen yet is as old as the newest delivery.
    coalesce(alerts.seen_at, clock.newest_known_at) as first_seen_at,
    case
        when alerts.state = 'open' then greatest(alerts.seen_at, clock.newest_known_at, newest.checked_at)
        else greatest(alerts.seen_at, before_last.checked_at)
    end as last_seen_at,
    case when alerts.state = 'resolved' then coalesce(alerts.ended_at, clock.newest_known_at) end as resolved_at,
    case
        when alerts.first_check_id is null then 0
        when alerts.last_check_id is null then coalesce(newest.check_no, 0) - coalesce(before_first.check_no, 0)
        else coalesce(before_last.check_no, 0) - coalesce(before_first.check_no, 0)
    end as n_looks,
    alerts.is_from_data,
    alerts.is_recorded
from alerts
cross join clock
left join newest on true
asof left join checks as before_first on alerts.first_check_id > before_first.check_id
asof left join checks as before_last on coalesce(alerts.last_check_id, 'z') > before_last.check_id
left join {{ ref('core__dim_item') }} as items on alerts.item_id = items.item_id
left join {{ ref('core__dim_location') }} as locations on alerts.location_id = locations.location_id
left join {{ ref('core__dim_channel') }} as channels on alerts.channel_id = channels.channel_id
left join {{ ref('core__dim_supplier') }} as suppliers on alerts.supplier_id = suppliers.supplier_id
