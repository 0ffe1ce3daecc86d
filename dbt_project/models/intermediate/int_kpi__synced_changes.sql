with published as (
    select channel_id, item_id, document_id as publish_no, min(occurred_at) as published_at
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'stock_published'
    group by all
    having sum(sign) > 0
),

displayed as (
    select channel_id, item_id, document_id as publish_no, min(occurred_at) as displayed_at
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'stock_ack'
    group by all
    having sum(sign) > 0
),

subscribed as (
    select channel_id, item_id, min(published_at) as from_at
    from published
    group by all
),

-- What was published then is on display at the latest when it, or something published later, is acknowledged.
answered as (
    select
        published.channel_id,
        published.item_id,
        published.published_at,
        min(displayed.displayed_at) over (
            partition by published.channel_id, published.item_id order by published.published_at
            rows between current row and unbounded following
        ) as displayed_at
    from published
    inner join displayed
        on
            published.channel_id = displayed.channel_id and published.item_id = displayed.item_id
            and published.publish_no = displayed.publish_no
),

changed as (
    select
        steps.item_id,
        steps.location_id,
        steps.changed_at,
        subscribed.channel_id
    from {{ ref('int_kpi__free_steps') }} as steps
    inner join {{ ref('core__channel_locations') }} as served on steps.location_id = served.location_id
    inner join subscribed on served.channel_id = subscribed.channel_id and steps.item_id = subscribed.item_id
    where steps.sellable_units <> steps.sellable_units_before and steps.changed_at >= subscribed.from_at
),

-- What no channel displays yet has waited until now: until the newest event.
shown as (
    select
        changed.item_id,
        changed.location_id,
        changed.changed_at,
        coalesce(answered.displayed_at, pin.newest_occurred_at) as displayed_at,
        answered.displayed_at is not null as is_displayed
    from changed
    asof left join answered
        on changed.channel_id = answered.channel_id and changed.item_id = answered.item_id and changed.changed_at <= answered.published_at
    cross join ledger.pin as pin
)

select
    shown.item_id,
    shown.location_id,
    items.category,
    shown.changed_at,
    cast(timezone(coalesce(any_value(places.time_zone), 'UTC'), shown.changed_at) as date) as changed_on,
    cast(epoch_us(max(shown.displayed_at) - shown.changed_at) / 1000000.0 as decimal(18, 6)) as latency_seconds,
    bool_and(shown.is_displayed) as is_displayed
from shown
inner join {{ ref('core__dim_item') }} as items on shown.item_id = items.item_id
inner join {{ ref('core__dim_location') }} as places on shown.location_id = places.location_id
group by shown.item_id, shown.location_id, items.category, shown.changed_at
