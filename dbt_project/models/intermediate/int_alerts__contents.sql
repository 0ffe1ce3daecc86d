{{ config(materialized='ephemeral') }}

with clock as (
    select * from {{ ref('int_ledger__newest') }}
),

parameters as (
    select
        {{ parameter('schema_stable_deliveries') }} as stable_deliveries,
        {{ parameter('schema_drift_days') }} as drift_days
),

drifted as (
    -- A new field is told for some days, since nothing has to be done; a missing one until the source has delivered with it.
    select
        fields.*,
        fields.feed || case when fields.source_system is null then '' else '/' || fields.source_system end as source,
        fields.field_name || case when fields.entity is null then '' else ' (' || fields.entity || ')' end as field
    from {{ ref('ops__feed_fields') }} as fields
    cross join parameters
    cross join clock
    where
        (
            fields.field_kind = 'unknown' and fields.n_times_before >= parameters.stable_deliveries
            and clock.newest_known_at < fields.first_seen_at + to_hours(cast(24 * parameters.drift_days as integer))
        )
        or (fields.field_kind = 'missing' and fields.n_times_since = 0)
),

sources as (
    select
        source,
        any_value(feed) as feed,
        any_value(source_system) as source_system,
        string_agg(field, ', ' order by field) filter (where field_kind = 'unknown') as new_fields,
        string_agg(field, ', ' order by field) filter (where field_kind = 'missing') as missing_fields,
        cast(sum(rows_in) filter (where field_kind = 'missing') as bigint) as refused_rows,
        arg_max(newest_source_uri, last_seen_at) as source_uri
    from drifted
    group by source
),

unknown_units as (
    select
        feed,
        count(*) as n_rows,
        count(distinct reason) as n_reasons,
        min(known_at) as since_at,
        arg_min(reason, (known_at, reason)) as first_reason
    from {{ ref('ops__quarantine') }}
    where reason_code = 'unknown_uom' and is_waiting
    group by feed
)

select
    'schema_drift' as alert_code,
    case when missing_fields is null then 'info' else 'warning' end as severity,
    source as subject,
    source || concat_ws(
        ';',
        ' sends without what is required: ' || missing_fields || ', so ' || refused_rows || ' rows are set aside',
        ' sends what its feed does not list: ' || new_fields || ', kept in extra'
    ) || ' (' || source_uri || ')' as what,
    cast(json_object(
        'feed', feed, 'source_system', source_system, 'new_fields', new_fields, 'missing_fields', missing_fields, 'refused_rows', refused_rows,
        'source_uri', source_uri
    ) as varchar) as figures
from sources

union all
select
    'uom_unknown' as alert_code,
    'warning' as severity,
    feed as subject,
    format('{} lines of {} wait for a unit that no reference row knows: {}', n_rows, feed, first_reason)
    || case when n_reasons > 1 then format(', and {} more such units', n_reasons - 1) else '' end as what,
    cast(json_object('feed', feed, 'waiting_rows', n_rows, 'units', n_reasons, 'since_at', since_at) as varchar) as figures
from unknown_units
