{{ config(materialized='ephemeral') }}

with clock as (
    select * from {{ ref('int_ledger__newest') }}
),

sources as (
    select
        feed,
        source_system,
        count(distinct first_known_at) as n_times,
        max(first_known_at) as last_known_at,
        date_diff('second', min(first_known_at), max(first_known_at)) / nullif(count(distinct first_known_at) - 1, 0) as gap_seconds
    from {{ ref('ops__deliveries') }}
    group by feed, source_system
),

silent as (
    select
        sources.*,
        sources.feed || case when sources.source_system is null then '' else '/' || sources.source_system end as subject,
        date_diff('second', sources.last_known_at, clock.newest_known_at) / 3600 as silent_hours,
        sources.gap_seconds / 3600 as gap_hours,
        greatest(24, 3 * sources.gap_seconds / 3600) as allowed_hours
    from sources
    cross join clock
    -- Two gaps at least: what came once or twice has no habit to break.
    where sources.n_times >= 3
)

select
    'feed_missing' as alert_code,
    -- Stock is made of these; what the others say is missed, but no shelf is wrong for it.
    case when feed in {{ feeds_of_stock() }} then 'critical' else 'warning' end as severity,
    subject,
    format(
        'nothing from {} for {} hours; it used to deliver every {} hours, and {} are allowed',
        subject, cast(cast(silent_hours as decimal(18, 1)) as varchar), cast(cast(gap_hours as decimal(18, 1)) as varchar),
        cast(cast(allowed_hours as decimal(18, 1)) as varchar)
    ) as what,
    cast(json_object(
        'feed', feed, 'source_system', source_system, 'last_known_at', last_known_at, 'silent_hours', cast(silent_hours as decimal(18, 1)),
        'usual_gap_hours', cast(gap_hours as decimal(18, 1)), 'allowed_hours', cast(allowed_hours as decimal(18, 1)), 'deliveries_seen', n_times
    ) as varchar) as figures
from silent
where silent_hours > allowed_hours
