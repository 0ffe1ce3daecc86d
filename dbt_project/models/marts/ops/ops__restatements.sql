{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{% if is_incremental() %}delete from {{ this }} as old using ({{ touched_restatements(since_commit()) }}) as touched where old.item_id = touched.item_id and old.location_id = touched.location_id{% endif %}",
    post_hook="{{ record_commit(['stock.daily']) }}"
) }}
{% set since = since_commit() %}

with legs as not materialized (
    {{ movement_legs(ref('stg_ledger__movements'), physical_only=true) }}
),

{% if is_incremental() %}
touched as (
    {{ touched_restatements(since) }}
),
{% endif %}

kept as {{ 'not materialized ' if not is_incremental() }}(
    {{ rebuilt('legs', ['item_id', 'location_id']) }}
),

place_days as (
    {{ place_days(since) }}
),

closings as (
    {{ day_closings() }}
),

ranked as (
    {{ late_events() }}
),

changes as (
    select item_id, location_id, known_at, min(business_on) as from_on
    from ranked
    group by all
),

flows as (
    -- Signed, unlike those of stock.daily: what became known later is taken from them.
    select
        kept.item_id,
        kept.location_id,
        kept.business_on,
        {{ signed_in_units() }} as in_units,
        {{ signed_out_units() }} as out_units
    from kept
    semi join changes on kept.item_id = changes.item_id and kept.location_id = changes.location_id
    group by all
),

closed_days as (
    select
        daily.item_id,
        daily.location_id,
        daily.stock_on,
        daily.closing_units,
        flows.in_units,
        flows.out_units,
        closings.closed_at,
        changes.known_at
    from changes
    inner join {{ ref('stock__daily') }} as daily
        on changes.item_id = daily.item_id and changes.location_id = daily.location_id and changes.from_on <= daily.stock_on
    inner join flows on daily.item_id = flows.item_id and daily.location_id = flows.location_id and daily.stock_on = flows.business_on
    inner join closings on daily.location_id = closings.location_id and daily.stock_on = closings.stock_on
    where closings.closed_at < changes.known_at
),

changed as (
    select
        closed_days.item_id,
        closed_days.location_id,
        closed_days.stock_on,
        closed_days.known_at,
        any_value(closed_days.closed_at) as closed_at,
        any_value(closed_days.closing_units) as final_closing_units,
        any_value(closed_days.in_units) as final_in_units,
        any_value(closed_days.out_units) as final_out_units,
        sum(ranked.net_units) as net_units,
        sum(case when ranked.business_on = closed_days.stock_on then ranked.in_units else 0 end) as in_units,
        sum(case when ranked.business_on = closed_days.stock_on then ranked.out_units else 0 end) as out_units,
        count(distinct ranked.event_id) as n_events,
        min(ranked.cause_rank) as cause_rank
    from closed_days
    inner join ranked
        on
            closed_days.item_id = ranked.item_id and closed_days.location_id = ranked.location_id
            and closed_days.known_at = ranked.known_at and closed_days.stock_on >= ranked.business_on
    group by all
),

figures as (
    -- From what the day is now back through what became known later, to what it was after and before each change.
    select
        *,
        final_closing_units - coalesce(sum(net_units) over later, 0) as closing_units_after,
        final_in_units - coalesce(sum(in_units) over later, 0) as in_units_after,
        final_out_units - coalesce(sum(out_units) over later, 0) as out_units_after
    from changed
    window later as (
        partition by item_id, location_id, stock_on order by known_at rows between 1 following and unbounded following
    )
),

deliveries as (
    select distinct feed, source_uri, first_known_at
    from {{ source('ledger', 'deliveries') }}
),

sources as (
    -- What the cause's feed delivered at that instant; where it is reference data that made a row post, that.
    select
        instants.source_feed,
        instants.known_at,
        coalesce(
            array_to_string(list_sort(list(deliveries.source_uri) filter (where deliveries.feed = instants.source_feed))[1:5], ', '),
            array_to_string(list_sort(list(deliveries.source_uri))[1:5], ', ')
        ) as source_uri
    from (select distinct source_feed, known_at from ranked) as instants
    inner join deliveries on instants.known_at = deliveries.first_known_at
    group by all
)

select
    figures.stock_on,
    figures.item_id,
    figures.location_id,
    figures.known_at,
    figures.closed_at,
    cast(figures.closing_units_after - figures.net_units as bigint) as closing_units_before,
    cast(figures.closing_units_after as bigint) as closing_units_after,
    cast({{ units_in('figures.in_units_after - figures.in_units', 'figures.out_units_after - figures.out_units') }} as bigint) as in_units_before,
    cast({{ units_in('figures.in_units_after', 'figures.out_units_after') }} as bigint) as in_units_after,
    cast({{ units_out('figures.in_units_after - figures.in_units', 'figures.out_units_after - figures.out_units') }} as bigint) as out_units_before,
    cast({{ units_out('figures.in_units_after', 'figures.out_units_after') }} as bigint) as out_units_after,
    causes.event_id,
    causes.movement_kind,
    causes.is_reversal,
    causes.is_reposted,
    causes.source_feed,
    causes.occurred_at,
    cast(date_diff('second', causes.occurred_at, figures.known_at) / 3600 as decimal(12, 2)) as lateness_hours,
    sources.source_uri,
    figures.n_events,
    cast({{ pinned_commit() }} as bigint) as built_commit_id
from figures
inner join ranked as causes
    on
        figures.item_id = causes.item_id and figures.location_id = causes.location_id
        and figures.known_at = causes.known_at and figures.cause_rank = causes.cause_rank
left join sources on causes.source_feed = sources.source_feed and causes.known_at = sources.known_at
where figures.net_units <> 0 or figures.in_units <> 0 or figures.out_units <> 0
