-- A policy for an item, category, channel or place that nobody has told of yet holds nothing back. It may still come, hence a warning.
{{ config(severity='warn') }}

with policies as (
    select 'policy__buffers.csv' as file, buffer_code as code, item_code, category, channel_code, location_code
    from {{ ref('policy__buffers') }}

    union all
    select 'policy__service_targets.csv' as file, policy_code as code, item_code, category, null as channel_code, location_code
    from {{ ref('policy__service_targets') }}

    union all
    select 'policy__planning.csv' as file, policy_code as code, item_code, category, null as channel_code, location_code
    from {{ ref('policy__planning') }}
)

select
    policies.file,
    policies.code,
    policies.item_code,
    policies.category,
    policies.channel_code,
    policies.location_code
from policies
left join {{ ref('core__dim_item') }} as items on policies.item_code = items.item_code
left join (select distinct category from {{ ref('core__dim_item') }}) as categories on policies.category = categories.category
left join {{ ref('core__dim_channel') }} as channels on policies.channel_code = channels.channel_code
left join {{ ref('core__dim_location') }} as places on policies.location_code = places.location_code
where
    (policies.item_code is not null and items.item_code is null)
    or (policies.category is not null and categories.category is null)
    or (policies.channel_code is not null and channels.channel_code is null)
    or (policies.location_code is not null and places.location_code is null)
