{#
    What `delete+insert` runs: the rows of the keys that were built again replace the old ones. A key may hold null (an
    order that no place is known for yet has none), and null = null is not true: such a row would stay beside its successor
    for good. The adapter's own macro compares with `=`.
#}
{% macro duckdb__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
    {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    delete from {{ target }} as old
    using (select distinct {{ keys | join(', ') }} from {{ source }}) as new
    where
        {% for key in keys %}{{ 'and ' if not loop.first }}old.{{ key }} is not distinct from new.{{ key }}
        {% endfor %}
        {%- for predicate in incremental_predicates or [] %}and {{ predicate }}
        {% endfor -%}
    ;

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ source }}
{%- endmacro %}
