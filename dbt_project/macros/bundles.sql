{#
    What can be offered of bundles, which are never in stock themselves: as many as their scarcest component allows. Orders reserve
    components, so a bundle's sellable units are what is not promised of them, and nothing is reserved twice.
#}

{# How many times `units` go into `total`, in whole times; below 0 down as well. #}
{% macro whole_times(total, units) -%}
    cast(case when {{ total }} < 0 then -((-({{ total }}) + {{ units }} - 1) // {{ units }}) else ({{ total }}) // {{ units }} end as bigint)
{%- endmacro %}

{#
    Grain: bundle x channel x place x component, where the place has one of the components at least; one that it never had is none
    there. `offers` of items by channel and place.
#}
{% macro bundle_parts(offers) %}
    select
        places.item_id,
        places.channel_id,
        places.location_id,
        parts.bundle_code,
        parts.bundle_category,
        parts.component_id,
        parts.component_units,
        coalesce(offers.sellable_units, 0) as sellable_units,
        coalesce(offers.reserved_units, 0) as reserved_units,
        coalesce(offers.ats_units, 0) as ats_units
    from (
        select distinct parts.bundle_id as item_id, offers.channel_id, offers.location_id
        from {{ ref('int_bundles__components') }} as parts
        inner join {{ offers }} as offers on parts.component_id = offers.item_id
    ) as places
    inner join {{ ref('int_bundles__components') }} as parts on places.item_id = parts.bundle_id
    left join {{ offers }} as offers
        on
            parts.component_id = offers.item_id and places.channel_id = offers.channel_id
            and places.location_id = offers.location_id
{% endmacro %}

{# Grain: bundle x channel x place of `parts` (`bundle_parts`). What the place could offer before a buffer of the bundle itself. #}
{% macro whole_bundles(parts) %}
    select
        item_id,
        channel_id,
        location_id,
        any_value(bundle_code) as item_code,
        any_value(bundle_category) as category,
        min({{ whole_times('sellable_units - reserved_units', 'component_units') }}) as sellable_units,
        min({{ whole_times('ats_units', 'component_units') }}) as ats_units
    from {{ parts }}
    group by item_id, channel_id, location_id
{% endmacro %}

{#
    Grain: bundle x channel x place of `parts`. What the place can offer by itself, of the places `served` of channels. A buffer that names the bundle or its category
    holds bundles back; one for everything has held their components back already.
#}
{% macro offers_of_bundles(parts, served) %}
    with whole as (
        {{ whole_bundles(parts) }}
    ),

    named as (
        select whole.*, places.channel_code, places.location_code
        from whole
        inner join {{ served }} as places on whole.channel_id = places.channel_id and whole.location_id = places.location_id
    ),

    buffers as (
        {{ first_buffers('named', is_wide=false) }}
    ),

    buffered as (
        select
            named.*,
            buffers.buffer_code,
            greatest(0, named.ats_units - {{ units_held_back('buffers', 'named.sellable_units') }}) as offered_units
        from named
        left join buffers
            on named.item_id = buffers.item_id and named.channel_id = buffers.channel_id and named.location_id = buffers.location_id
    )

    select
        item_id,
        channel_id,
        location_id,
        cast(sellable_units as bigint) as sellable_units,
        -- What is reserved or backordered is so of the components.
        cast(0 as bigint) as reserved_units,
        cast(0 as bigint) as backorder_units,
        cast(greatest(0, sellable_units) - offered_units as bigint) as buffer_units,
        cast(offered_units as bigint) as ats_units,
        buffer_code
    from buffered
{% endmacro %}

{#
    Grain: bundle x channel of `parts`. Its components may come from several places of the channel. `offers`: the rows of bundles
    by place, which name a buffer of the bundle itself.
#}
{% macro bundles_of_channels(parts, offers) %}
    with own_buffers as (
        select offers.item_id, offers.channel_id, offers.location_id, offers.sellable_units, policies.buffer_kind, policies.buffer_units, policies.buffer_rate
        from {{ offers }} as offers
        inner join {{ ref('policy__buffers') }} as policies on offers.buffer_code = policies.buffer_code
        semi join {{ parts }} as parts on offers.item_id = parts.item_id
    ),

    -- What an exclusion keeps a place from offering is in no bundle; another buffer holds back at most what the place makes whole.
    held_back as (
        select
            whole.item_id,
            whole.channel_id,
            sum(least(whole.ats_units, {{ units_held_back('own_buffers', 'own_buffers.sellable_units') }})) as units
        from (
            {{ whole_bundles(parts) }}
        ) as whole
        inner join own_buffers
            on
                whole.item_id = own_buffers.item_id and whole.channel_id = own_buffers.channel_id
                and whole.location_id = own_buffers.location_id and own_buffers.buffer_kind <> 'exclude'
        group by whole.item_id, whole.channel_id
    ),

    on_channels as (
        select
            parts.item_id,
            parts.channel_id,
            parts.component_id,
            parts.component_units,
            cast(sum(greatest(parts.sellable_units, 0)) as bigint) as sellable_units,
            cast(sum(parts.reserved_units) as bigint) as reserved_units,
            cast(sum(case when own_buffers.item_id is null then parts.ats_units else 0 end) as bigint) as ats_units
        from {{ parts }} as parts
        left join own_buffers
            on
                parts.item_id = own_buffers.item_id and parts.channel_id = own_buffers.channel_id
                and parts.location_id = own_buffers.location_id and own_buffers.buffer_kind = 'exclude'
        group by parts.item_id, parts.channel_id, parts.component_id, parts.component_units
    ),

    whole as (
        select
            item_id,
            channel_id,
            min({{ whole_times('sellable_units - reserved_units', 'component_units') }}) as sellable_units,
            min({{ whole_times('ats_units', 'component_units') }}) as ats_units,
            arg_min(component_id, ({{ whole_times('ats_units', 'component_units') }}, component_id)) as bottleneck_item_id
        from on_channels
        group by item_id, channel_id
    )

    select
        whole.item_id,
        whole.channel_id,
        greatest(0, whole.sellable_units, whole.ats_units) as sellable_units,
        -- No buffer of its own: none is held back, hence 0.
        greatest(0, whole.ats_units - coalesce(held_back.units, 0)) as ats_units,
        whole.bottleneck_item_id
    from whole
    left join held_back on whole.item_id = held_back.item_id and whole.channel_id = held_back.channel_id
{% endmacro %}
