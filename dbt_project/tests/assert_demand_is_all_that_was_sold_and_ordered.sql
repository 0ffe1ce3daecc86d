-- The mart keeps every unit: per item, what tills sold net of voids and what orders asked for without fraud.
with sold as (
    select
        item_id,
        sum(case when from_stock_state is not null then units else -units end) as units
    from {{ ref('stg_ledger__movements') }}
    where movement_kind = 'sale'
    group by all
),

ordered as (
    select
        item_id,
        sum(greatest(0, ordered_units - cancelled_for_fraud_units)) as units
    from {{ ref('int_orders__lines') }}
    where is_placed
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
