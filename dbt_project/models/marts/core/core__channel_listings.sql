with events as (
    select * from {{ ref('stg_ledger__events') }}
    where event_kind in ('listing_on', 'listing_off')
),

told as (
    select
        channel_id,
        item_id,
        event_id,
        occurred_at,
        event_kind = 'listing_on' as is_listed
    from events
    group by all
    having sum(sign) > 0
),

changes as (
    select
        *,
        coalesce(is_listed <> lag(is_listed) over (partition by channel_id, item_id order by occurred_at, event_id), true) as is_change
    from told
)

select
    channel_id,
    item_id,
    arg_max(is_listed, (occurred_at, event_id)) as is_listed,
    max(occurred_at) filter (where is_change) as listed_since_at
from changes
group by channel_id, item_id
