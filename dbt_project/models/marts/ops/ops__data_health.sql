{{ config(materialized='view', tags=['hot']) }}

with checks as (
    select
        'negative_stock' as check_code,
        'Stock below zero: something was sold or moved that the books never received' as what,
        count(*) as n_rows,
        cast(coalesce(-sum(on_hand_units), 0) as bigint) as affected_units
    from {{ ref('stock__on_hand') }}
    where on_hand_units < 0

    union all
    select
        'rows_waiting' as check_code,
        'Rows in quarantine that post by themselves once what they wait for comes' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('ops__quarantine') }}
    where is_waiting

    union all
    select
        'rows_refused' as check_code,
        'Rows in quarantine that only a corrected copy can replace' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('ops__quarantine') }}
    where not is_waiting

    union all
    select
        'deliveries_unfinished' as check_code,
        'Deliveries of which a part has not been applied yet' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('ops__deliveries') }}
    where applied_at is null

    union all
    select
        'items_without_cost' as check_code,
        'Items without a cost or price: their value, and so their ABC class, is unknown' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('core__dim_item') }}
    where unit_cost_amount is null and unit_price_amount is null
)

select * from checks
