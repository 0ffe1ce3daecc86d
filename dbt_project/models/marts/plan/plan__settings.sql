{{ config(materialized='view', tags=['hot']) }}

with items as (
    select * from {{ source('ledger', 'plan_items') }}
),

settings as (
    select * from {{ source('ledger', 'plan_settings') }}
),

runs as (
    select * from {{ ref('plan__runs') }}
)

select
    items.item_id,
    items.location_id,
    items.run_id,
    settings.setting_code,
    settings.setting_value,
    settings.policy_table,
    settings.policy_code,
    settings.reason
from items
inner join runs on items.run_id = runs.run_id
inner join settings on items.run_id = settings.run_id and items.settings_no = settings.settings_no
where runs.is_latest
