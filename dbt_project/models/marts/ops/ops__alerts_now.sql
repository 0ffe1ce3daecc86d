{{ config(materialized='view', tags=['hot']) }}

with troubles as (
    select alert_code, severity, item_id, location_id, cast(null as bigint) as channel_id, supplier_id, subject, what, figures
    from {{ ref('int_alerts__goods') }}

    union all
    select
        alert_code, severity, item_id, cast(null as bigint) as location_id, channel_id, cast(null as bigint) as supplier_id,
        cast(null as varchar) as subject, what, figures
    from {{ ref('int_alerts__offers') }}

    union all
    select
        alert_code, severity, item_id, cast(null as bigint) as location_id, channel_id, cast(null as bigint) as supplier_id,
        cast(null as varchar) as subject, what, figures
    from {{ ref('int_alerts__desync') }}

    union all
    select
        alert_code, severity, cast(null as bigint) as item_id, cast(null as bigint) as location_id, cast(null as bigint) as channel_id,
        supplier_id, subject, what, figures
    from {{ ref('int_alerts__dropship') }}

    union all
    select
        alert_code, severity, cast(null as bigint) as item_id, cast(null as bigint) as location_id, cast(null as bigint) as channel_id,
        cast(null as bigint) as supplier_id, subject, what, figures
    from {{ ref('int_alerts__feeds') }}

    union all
    select
        alert_code, severity, cast(null as bigint) as item_id, cast(null as bigint) as location_id, cast(null as bigint) as channel_id,
        cast(null as bigint) as supplier_id, subject, what, figures
    from {{ ref('int_alerts__gates') }}

    union all
    select
        alert_code, severity, cast(null as bigint) as item_id, cast(null as bigint) as location_id, cast(null as bigint) as channel_id,
        cast(null as bigint) as supplier_id, subject, what, figures
    from {{ ref('int_alerts__contents') }}

    union all
    select alert_code, severity, item_id, location_id, cast(null as bigint) as channel_id, supplier_id, subject, what, figures
    from {{ ref('int_alerts__snapshots') }}
)

select
    -- What makes it the same trouble: an order stays one when its items change, everything else is told by its ids.
    alert_code || ':' || coalesce(subject, concat_ws('/', coalesce(item_id, 0), coalesce(location_id, 0), coalesce(channel_id, 0))) as trouble_key,
    alert_code,
    severity,
    item_id,
    location_id,
    channel_id,
    supplier_id,
    subject,
    what,
    figures
from troubles
