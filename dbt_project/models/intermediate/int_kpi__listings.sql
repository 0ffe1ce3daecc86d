{{ config(materialized='ephemeral') }}

with served as (
    select * from {{ ref('core__channel_locations') }}
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

said as (
    select channel_id, item_id, occurred_at, event_kind = 'listing_on' as is_listed, event_id
    from {{ ref('stg_ledger__events') }}
    where event_kind in ('listing_on', 'listing_off')
    group by all
    having sum(sign) > 0
)

select
    channel_id,
    item_id,
    occurred_at as changed_at,
    cast(is_listed as integer) - cast(lag(is_listed, 1, false) over (partition by channel_id, item_id order by occurred_at, event_id) as integer)
        as delta_listed
from said

union all
-- A channel that never says what it lists shows what its places have once had.
select served.channel_id, first_stock.item_id, min(first_stock.first_stock_at) as changed_at, 1 as delta_listed
from first_stock
inner join served on first_stock.location_id = served.location_id
where served.channel_id not in (select s.channel_id from said as s)
group by served.channel_id, first_stock.item_id
