{{ config(materialized='view', tags=['hot']) }}

{%- set named = [
    ('terms', 'item', 'item_code', ['supplier_code', 'item_code', 'location_code']),
    ('terms', 'supplier', 'supplier_code', ['supplier_code', 'item_code', 'location_code']),
    ('terms', 'location', 'location_code', ['supplier_code', 'item_code', 'location_code']),
    ('supplier_terms', 'supplier', 'supplier_code', ['supplier_code', 'location_code']),
    ('supplier_terms', 'location', 'location_code', ['supplier_code', 'location_code']),
    ('networks', 'channel', 'channel_code', ['channel_code', 'location_code']),
    ('networks', 'location', 'location_code', ['channel_code', 'location_code']),
    ('bom', 'item', 'kit_item_code', ['kit_item_code', 'component_item_code']),
    ('bom', 'item', 'component_item_code', ['kit_item_code', 'component_item_code']),
    ('relations', 'item', 'item_code', ['item_code', 'related_item_code', 'relation_kind']),
    ('relations', 'item', 'related_item_code', ['item_code', 'related_item_code', 'relation_kind']),
    ('uoms', 'item', 'item_code', ['item_code', 'uom_code']),
] %}

-- What a row says no longer, for it has ended, names nothing.
with named as (
    {%- for table, kind, column, key in named %}
    select
        '{{ kind }}' as named_kind,
        {{ column }} as named_code
    from {{ source('ledger', table) }}
    where {{ column }} <> '*'
    group by {{ key | join(', ') }}
    having max_by(valid_to is null, version_no)
    {%- if not loop.last %}
    union
    {%- endif %}
    {%- endfor %}
),

known as (
    select
        'item' as named_kind,
        item_code as named_code
    from {{ source('ledger', 'items') }}
    union
    select
        'location' as named_kind,
        location_code as named_code
    from {{ source('ledger', 'locations') }}
    where not is_virtual
    union
    select
        'channel' as named_kind,
        channel_code as named_code
    from {{ source('ledger', 'channels') }}
    union
    select
        'supplier' as named_kind,
        supplier_code as named_code
    from {{ source('ledger', 'suppliers') }}
)

select
    named_kind,
    named_code
from named
where (named_kind, named_code) not in (select (known.named_kind, known.named_code) from known)
