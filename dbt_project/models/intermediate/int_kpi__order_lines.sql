with wanted as (
    select * from {{ ref('int_kpi__wanted_lines') }}
),

queued as (
    -- Of lines at one instant for one item at one place, the later ones find what the earlier ones left.
    select
        *,
        coalesce(
            sum(demanded_units) over (
                partition by item_id, location_id, placed_at
                order by channel_id, document_id, document_line
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as units_ahead
    from wanted
),

places as (
    select channel_id, location_id
    from {{ ref('core__channel_locations') }}

    union
    select channel_id, location_id
    from wanted
    where location_id is not null
),

steps as (
    select * from {{ ref('int_kpi__free_steps') }}
),

first_stock as (
    select item_id, location_id, min(changed_at) as first_stock_at
    from steps
    where sellable_units > 0
    group by all
),

buffers as (
    select * from {{ ref('int_kpi__buffers') }}
),

asked as (
    -- Only where the item was once in stock do the books say what was there.
    select distinct wanted.item_id, wanted.channel_id, wanted.placed_at, places.location_id
    from wanted
    inner join places on wanted.channel_id = places.channel_id
    inner join first_stock on wanted.item_id = first_stock.item_id and places.location_id = first_stock.location_id
    where wanted.placed_at > first_stock.first_stock_at
),

found as (
    select
        asked.item_id,
        asked.channel_id,
        asked.placed_at,
        sum(greatest(0, steps.sellable_units - steps.reserved_units)) as free_units,
        sum(greatest(0, steps.sellable_units - steps.reserved_units - {{ units_held_back('buffers', 'steps.sellable_units') }})) as ats_units
    from asked
    asof join steps
        on asked.item_id = steps.item_id and asked.location_id = steps.location_id and asked.placed_at > steps.changed_at
    left join buffers
        on asked.item_id = buffers.item_id and asked.channel_id = buffers.channel_id and asked.location_id = buffers.location_id
    group by all
),

judged as (
    select
        queued.*,
        found.free_units,
        found.ats_units,
        coalesce(queued.demanded_units - least(queued.demanded_units, greatest(0, found.free_units - queued.units_ahead)), 0) as beyond_free_units,
        coalesce(queued.demanded_units - least(queued.demanded_units, greatest(0, found.ats_units - queued.units_ahead)), 0) as beyond_ats_units
    from queued
    left join found
        on queued.item_id = found.item_id and queued.channel_id = found.channel_id and queued.placed_at = found.placed_at
)

select
    judged.channel_id,
    judged.document_id,
    judged.document_line,
    judged.item_id,
    judged.location_id,
    items.category,
    judged.demand_on,
    judged.placed_at,
    judged.promised_at,
    cast(judged.ordered_units as bigint) as ordered_units,
    cast(judged.cancelled_units as bigint) as cancelled_units,
    cast(judged.cancelled_for_stock_units as bigint) as cancelled_for_stock_units,
    cast(judged.demanded_units as bigint) as demanded_units,
    cast(least(judged.demanded_units, greatest(judged.beyond_free_units, judged.cancelled_for_stock_units, judged.backordered_units)) as bigint)
        as short_units,
    -- Whoever accepts a backorder knows what is not there.
    cast(least(judged.demanded_units, greatest(judged.beyond_ats_units - judged.backordered_units, judged.cancelled_for_stock_units)) as bigint)
        as oversold_units
from judged
left join {{ ref('core__dim_item') }} as items on judged.item_id = items.item_id
