{{ config(materialized='view', tags=['hot']) }}

-- Read from what looks have stored, and from nothing else: what is raised now is `ops.alerts_now`.
with history as (
    select * from {{ ref('int_alerts__history') }}
),

looks as (
    select * from {{ ref('stg_ledger__alert_looks') }}
),

checks as (
    select check_id, checked_at, row_number() over (order by check_id) as check_no
    from {{ ref('stg_ledger__alert_checks') }}
),

newest as (
    select
        (select max(checks.check_no) from checks) as check_no,
        -- A home whose looks were stored by a version before this one has checks alone.
        coalesce((select max(looks.looked_at) from looks), (select max(checks.checked_at) from checks)) as looked_at
),

alerts as (
    select
        history.*,
        coalesce(looks.what, history.what) as newest_what,
        coalesce(looks.figures, history.figures) as newest_figures,
        case when history.state = 'resolved' then history.last_check_id end as ended_check_id
    from history
    left join looks on history.alert_id = looks.alert_id and history.state = 'open'
)

select
    alerts.alert_id,
    alerts.alert_key,
    alerts.alert_key as trouble_key,
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
    alerts.newest_what as what,
    alerts.newest_figures as figures,
    alerts.first_seen_at,
    greatest(alerts.first_seen_at, case when alerts.state = 'open' then newest.looked_at else before_last.checked_at end) as last_seen_at,
    case when alerts.state = 'resolved' then alerts.changed_at end as resolved_at,
    coalesce(case when alerts.state = 'open' then newest.check_no else before_last.check_no end, 0) - coalesce(before_first.check_no, 0) as n_looks,
    alerts.is_from_data,
    true as is_recorded,
    newest.looked_at
from alerts
cross join newest
asof left join checks as before_first on alerts.first_check_id > before_first.check_id
asof left join checks as before_last on coalesce(alerts.ended_check_id, 'z') > before_last.check_id
left join {{ ref('core__dim_item') }} as items on alerts.item_id = items.item_id
left join {{ ref('core__dim_location') }} as locations on alerts.location_id = locations.location_id
left join {{ ref('core__dim_channel') }} as channels on alerts.channel_id = channels.channel_id
left join {{ ref('core__dim_supplier') }} as suppliers on alerts.supplier_id = suppliers.supplier_id
