{{ config(materialized='view', tags=['hot']) }}

with fields as (
    select * from {{ source('ledger', 'feed_fields') }}
),

-- How often the source had delivered before: what is new in the first files of a source is no change.
deliveries as (
    select distinct feed, source_system, first_known_at
    from {{ source('ledger', 'deliveries') }}
),

named as (
    select
        feed,
        source_system,
        entity,
        field_kind,
        field_name,
        min(known_at) as first_seen_at,
        max(known_at) as last_seen_at,
        count(distinct delivery_id) as n_deliveries,
        cast(sum(rows_in) as bigint) as rows_in,
        arg_max(source_uri, (known_at, source_uri)) as newest_source_uri
    from fields
    group by all
)

select
    named.feed,
    named.source_system,
    named.entity,
    named.field_kind,
    named.field_name,
    any_value(named.first_seen_at) as first_seen_at,
    any_value(named.last_seen_at) as last_seen_at,
    any_value(named.n_deliveries) as n_deliveries,
    any_value(named.rows_in) as rows_in,
    any_value(named.newest_source_uri) as newest_source_uri,
    count(deliveries.first_known_at) filter (where deliveries.first_known_at < named.first_seen_at) as n_times_before,
    count(deliveries.first_known_at) filter (where deliveries.first_known_at > named.last_seen_at) as n_times_since
from named
left join deliveries on named.feed = deliveries.feed and named.source_system = deliveries.source_system
group by named.feed, named.source_system, named.entity, named.field_kind, named.field_name
