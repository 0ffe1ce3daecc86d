with recursive items as (
    select * from {{ ref('core__dim_item') }}
),

-- Goods of a merged item are under the one that it became.
lines as (
    select
        lines.kit_item_id,
        coalesce(items.merged_into_item_id, lines.component_item_id) as component_id,
        -- Nobody runs out of a service; what no file has described yet may be goods.
        coalesce(items.item_kind, 'unknown') as component_kind,
        sum(lines.component_units) as component_units
    from {{ ref('core__kit_components') }} as lines
    left join items on lines.component_item_id = items.item_id
    group by all
),

-- A bundle inside a bundle is taken apart, level by level, as its sales are; what goes deeper than that goes in circles.
opened as (
    select
        kit_item_id as bundle_id,
        component_id,
        component_kind,
        component_units,
        1 as level_no
    from lines

    union all
    select
        opened.bundle_id,
        lines.component_id,
        lines.component_kind,
        sum(opened.component_units * lines.component_units) as component_units,
        opened.level_no + 1 as level_no
    from opened
    inner join lines on opened.component_id = lines.kit_item_id
    where opened.component_kind = 'bundle' and opened.level_no < 20 and opened.component_units <= 1000000000
    group by opened.bundle_id, lines.component_id, lines.component_kind, opened.level_no
),

parts as (
    select
        opened.bundle_id,
        opened.component_id,
        cast(sum(least(opened.component_units, 1000000000)) as bigint) as component_units,
        bool_or(opened.component_kind in ('unknown', 'bundle') or opened.component_units > 1000000000) as is_unknown
    from opened
    where
        opened.component_kind <> 'service'
        -- Of a bundle inside that was taken apart only what is in it counts.
        and (
            opened.component_kind <> 'bundle' or opened.level_no = 20 or opened.component_units > 1000000000
            or opened.component_id not in (select lines.kit_item_id from lines)
        )
    group by opened.bundle_id, opened.component_id
)

select
    bundles.item_id as bundle_id,
    bundles.item_code as bundle_code,
    bundles.category as bundle_category,
    parts.component_id,
    parts.component_units,
    coalesce(parts.is_unknown, false) as is_unknown
from items as bundles
left join parts on bundles.item_id = parts.bundle_id
where bundles.item_kind = 'bundle' and bundles.merged_into_item_id is null
