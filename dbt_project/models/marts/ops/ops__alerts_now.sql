{{ config(materialized='view', tags=['hot']) }}

with found as (
    select alert_code, severity, item_id, location_id, what, figures from {{ ref('int_alerts__stockout') }}

    union all by name
    select alert_code, severity, item_id, location_id, what, figures from {{ ref('int_alerts__below_reorder_point') }}

    union all by name
    select alert_code, severity, item_id, location_id, what, figures from {{ ref('int_alerts__below_zero') }}

    union all by name
    select alert_code, severity, item_id, location_id, supplier_id, subject, what, figures from {{ ref('int_alerts__late_orders') }}

    union all by name
    select alert_code, severity, item_id, location_id, supplier_id, subject, what, figures from {{ ref('int_alerts__snapshots') }}

    union all by name
    select alert_code, severity, item_id, channel_id, what, figures from {{ ref('int_alerts__offers') }}

    union all by name
    select alert_code, severity, item_id, channel_id, what, figures from {{ ref('int_alerts__desync') }}

    union all by name
    select alert_code, severity, supplier_id, subject, what, figures from {{ ref('int_alerts__dropship') }}

    union all by name
    select alert_code, severity, subject, what, figures from {{ ref('int_alerts__feeds') }}

    union all by name
    select alert_code, severity, subject, what, figures from {{ ref('int_alerts__gates') }}

    union all by name
    select alert_code, severity, subject, what, figures from {{ ref('int_alerts__contents') }}
)

select
    -- What makes it the same alert: an order stays one when its items change, everything else is known by its ids.
    alert_code || ':' || coalesce(subject, concat_ws('/', coalesce(item_id, 0), coalesce(location_id, 0), coalesce(channel_id, 0))) as alert_key,
    alert_code,
    severity,
    item_id,
    location_id,
    channel_id,
    supplier_id,
    subject,
    what,
    figures
from found
