with rules as (
    select
        'policy__buffers.csv' as policy_file, buffer_code as policy_code, item_code, category, null as item_kind, location_code, null as location_kind,
        channel_code
    from {{ ref('policy__buffers') }}

    union all
    select
        'policy__service_targets.csv' as policy_file, policy_code, item_code, category, item_kind, location_code, location_kind,
        null as channel_code
    from {{ ref('policy__service_targets') }}

    union all
    select
        'policy__planning.csv' as policy_file, policy_code, item_code, category, item_kind, location_code, location_kind,
        null as channel_code
    from {{ ref('policy__planning') }}
),

-- A star is as good as an empty cell: anything. Classes of demand are not asked about: an item is in one today, in another tomorrow.
named as (
    select
        policy_file,
        policy_code,
        nullif(item_code, '*') as item_code,
        nullif(category, '*') as category,
        nullif(item_kind, '*') as item_kind,
        nullif(location_code, '*') as location_code,
        nullif(location_kind, '*') as location_kind,
        nullif(channel_code, '*') as channel_code
    from rules
),

of_items as (
    select distinct named.policy_file, named.policy_code
    from named
    inner join {{ ref('core__dim_item') }} as items on named.item_code = items.item_code
    where coalesce(named.category = items.category, named.category is null) and coalesce(named.item_kind = items.item_kind, named.item_kind is null)

    union
    select named.policy_file, named.policy_code
    from named
    where
        named.item_code is null
        and exists (
            select 1 from (select distinct category, item_kind from {{ ref('core__dim_item') }}) as kinds
            where coalesce(named.category = kinds.category, named.category is null) and coalesce(named.item_kind = kinds.item_kind, named.item_kind is null)
        )
),

of_places as (
    select distinct named.policy_file, named.policy_code
    from named
    inner join {{ ref('core__dim_location') }} as places
        on
            coalesce(named.location_code = places.location_code, named.location_code is null)
            and coalesce(named.location_kind = places.location_kind, named.location_kind is null)
    where not places.is_virtual
),

of_channels as (
    select distinct named.policy_file, named.policy_code
    from named
    inner join {{ ref('core__dim_channel') }} as channels on coalesce(named.channel_code = channels.channel_code, named.channel_code is null)
)

select
    named.policy_file,
    named.policy_code,
    of_items.policy_code is not null and of_places.policy_code is not null
    and (of_channels.policy_code is not null or named.channel_code is null) as is_matched
from named
left join of_items on named.policy_file = of_items.policy_file and named.policy_code = of_items.policy_code
left join of_places on named.policy_file = of_places.policy_file and named.policy_code = of_places.policy_code
left join of_channels on named.policy_file = of_channels.policy_file and named.policy_code = of_channels.policy_code
