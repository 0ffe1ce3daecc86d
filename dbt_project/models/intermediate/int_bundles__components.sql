with items as (
    select * from {{ ref('core__dim_item') }}
),

-- Goods of a merged item are under the one that it became.
parts as (
    select
        lines.kit_item_id as bundle_id,
        coalesce(items.merged_into_item_id, lines.component_item_id) as component_id,
        cast(sum(lines.component_units) as bigint) as component_units,
        bool_or(items.item_id is null) as is_unknown
    from {{ ref('core__kit_components') }} as lines
    left join items on lines.component_item_id = items.item_id
    -- Nobody runs out of a service; what no file has described yet may be goods.
    where coalesce(items.item_kind <> 'service', true)
    group by all
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
