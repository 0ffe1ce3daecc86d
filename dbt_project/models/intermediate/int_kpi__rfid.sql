with tags as (
    select item_id, location_id, business_on, epc, max(occurred_at) as read_at
    from {{ ref('stg_ledger__events') }}
    where feed = 'rfid' and event_kind like '%observe' and epc is not null and item_id is not null and location_id is not null
    group by all
    having sum(sign) > 0
),

reads as (
    select item_id, location_id, business_on, count(*) as tag_units, max(read_at) as read_at
    from tags
    group by all
),

compared as (
    -- Goods that the books never had there: 0 units.
    select
        reads.location_id,
        reads.business_on,
        items.category,
        reads.tag_units = coalesce(steps.sellable_units, 0) as is_exact
    from reads
    asof left join {{ ref('int_kpi__free_steps') }} as steps
        on reads.item_id = steps.item_id and reads.location_id = steps.location_id and reads.read_at >= steps.changed_at
    inner join {{ ref('core__dim_item') }} as items on reads.item_id = items.item_id
),

components as (
    select
        unnest(['rfid_reads', 'rfid_exact_reads']) as measure_code,
        unnest([1, cast(is_exact as integer)]) as amount,
        business_on as measured_on,
        location_id,
        category,
        null as currency_code
    from compared
),

measures as (
    {{ kpi_measures_by_grain('components', ['location', 'category']) }}
)

select * from measures
