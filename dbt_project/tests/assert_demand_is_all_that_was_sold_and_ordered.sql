-- The mart keeps every unit: per item, what tills sold net of voids and what orders asked for, without what reasons say is no demand.
with reasons as (
    {{ declared_reasons() }}
),

sales as not materialized (
    {{ sold_units(ref('stg_ledger__movements'), 'reasons') }}
),

not_demanded as (
    {{ not_demanded_lines(ref('stg_ledger__events'), 'reasons') }}
),

sold as (
    select
        item_id,
        sum(sold_units) as units
    from sales
    group by all
),

ordered as (
    select
        lines.item_id,
        sum(greatest(0, lines.ordered_units - lines.cancelled_for_fraud_units)) as units
    from {{ ref('int_orders__lines') }} as lines
    anti join not_demanded
        on
            lines.channel_id = not_demanded.channel_id and lines.document_id = not_demanded.document_id
            and lines.document_line = not_demanded.document_line and lines.item_id = not_demanded.item_id
    where lines.is_placed
    group by all
),

both_kinds as (
    select * from sold

    union all
    select * from ordered
),

expected as (
    select
        item_id,
        sum(units) as units
    from both_kinds
    group by all
),

demanded as (
    select
        item_id,
        sum(gross_units) as units
    from {{ ref('demand__daily') }}
    group by all
)

select
    expected.item_id,
    expected.units,
    demanded.units as gross_units
from expected
full join demanded on expected.item_id = demanded.item_id
where coalesce(expected.units, 0) <> coalesce(demanded.units, 0)
