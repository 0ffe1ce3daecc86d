{{ config(materialized='ephemeral') }}

with changes as (
    select * from {{ ref('stg_ledger__alert_changes') }}
),

-- The names of looks sort in the order in which they were made, whatever the clock said and however often the ledger is rebuilt.
alerts as (
    select
        alert_id,
        any_value(alert_key) as alert_key,
        any_value(alert_code) as alert_code,
        arg_max(severity, check_id) as severity,
        arg_max(state, check_id) as state,
        arg_max(is_from_data, check_id) as is_from_data,
        min(changed_at) as first_seen_at,
        arg_max(changed_at, check_id) as changed_at,
        max(check_id) as last_check_id,
        min(check_id) as first_check_id,
        any_value(item_id) as item_id,
        any_value(location_id) as location_id,
        any_value(channel_id) as channel_id,
        any_value(supplier_id) as supplier_id,
        any_value(subject) as subject,
        arg_max(what, check_id) as what,
        arg_max(figures, check_id) as figures
    from changes
    group by alert_id
)

select
    *,
    row_number() over (partition by alert_key order by first_check_id desc, alert_id) = 1 as is_newest,
    -- How often this alert has come, counted from 1.
    row_number() over (partition by alert_key order by first_check_id, alert_id) as occurrence_no
from alerts
