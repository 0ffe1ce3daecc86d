{#
    The incremental pattern. A model collects in a CTE `touched` the keys that rows above its commit touch (`since_commit`), and
    builds those again from all of their rows; a full build takes every row. It never adds deltas, so both give the same.
#}

{# All rows of `relation` that an incremental model builds from: those of the touched keys, or every row in a full build. #}
{% macro rebuilt(relation, keys, nullable=[], condition=none, touched='touched') -%}
    {%- if is_incremental() -%}
    {{ touched_rows(relation, keys, nullable=nullable, condition=condition, touched=touched) }}
    {%- else -%}
    select * from {{ relation }}
    {%- if condition %}
    where {{ condition }}
    {%- endif %}
    {%- endif %}
{%- endmacro %}

{# The rows of `relation` whose keys are touched. `nullable`: keys of which null is a value like others. #}
{% macro touched_rows(relation, keys, nullable=[], condition=none, touched='touched') -%}
    select whole.*
    from {{ relation }} as whole
    semi join {{ touched }} as touched on {{ same_keys('whole', 'touched', keys, nullable) }}
    {%- if condition %}
    where {{ condition }}
    {%- endif %}
{%- endmacro %}

{#
    The hot pattern. `base` is a table as of the build. In the published file newer rows of the ledger stand beside it: what they
    touch (a CTE `touched`) leaves the base and is computed again by `anew`, a query with the same columns.
#}
{% macro hot_union(base, keys, anew, columns=['*']) -%}
    select {% for column in columns %}base.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ base }} as base
    anti join touched on {{ same_keys('base', 'touched', keys) }}

    union all
    {{ anew }}
{%- endmacro %}

{# That two relations agree in all keys. #}
{% macro same_keys(one, other, keys, nullable=[]) -%}
    {% for key in keys %}{{ 'and ' if not loop.first }}{{ one }}.{{ key }} {{ 'is not distinct from' if key in nullable else '=' }} {{ other }}.{{ key }}{{ ' ' if not loop.last }}{% endfor %}
{%- endmacro %}

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
