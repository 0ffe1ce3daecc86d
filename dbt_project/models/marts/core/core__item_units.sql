{{ config(materialized='view', tags=['hot']) }}

with items as (
    {{ version_at(source('ledger', 'items'), ['item_id'], newest_known(source('ledger', 'items'))) }}
),

units as (
    {{ version_at(source('ledger', 'uoms'), ['item_code', 'uom_code'], newest_known(source('ledger', 'uoms')), ends=true) }}
),

-- The base unit needs no line of its own; of several that say something of a unit the least rank counts.
stated as (
    select
        item_id,
        item_code,
        base_uom_code as uom_code,
        1 as numerator,
        1 as denominator,
        gtin,
        2 as rank_no
    from items
    where base_uom_code is not null or gtin is not null

    union all
    select
        items.item_id,
        items.item_code,
        units.uom_code,
        units.numerator,
        units.denominator,
        coalesce(units.gtin, case when units.uom_code = items.base_uom_code then items.gtin end) as gtin,
        1 as rank_no
    from items
    inner join units on items.item_id = units.item_id

    union all
    select
        items.item_id,
        items.item_code,
        units.uom_code,
        units.numerator,
        units.denominator,
        null as gtin,
        3 as rank_no
    from items
    cross join units
    where units.item_id is null
),

ranked as (
    select *
    from stated
    qualify row_number() over (partition by item_id, uom_code order by rank_no) = 1
)

select
    ranked.item_id,
    ranked.item_code,
    ranked.uom_code,
    cast(ranked.numerator as bigint) as numerator,
    cast(ranked.denominator as bigint) as denominator,
    ranked.gtin,
    cast(left(ranked.gtin, 1) as integer) as pack_level,
    ranked.uom_code is null or coalesce(ranked.uom_code = items.base_uom_code, false) as is_base_unit
from ranked
inner join items on ranked.item_id = items.item_id
