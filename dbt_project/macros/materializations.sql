{#
    Tables and views, each in one statement: `create or replace` inside dbt's transaction is whole or not at all in DuckDB.
    dbt's own way, for databases that cannot do that, builds beside, renames twice and drops: half of what a build of small
    marts takes. Not for foreign keys, partitions or grants, which no model here has.
#}
{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {% do drop_what_is_no(target) %}
    {% call statement('main') -%}
        {% if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
        create or replace table {{ target }} {{ get_table_columns_and_constraints() }};
        insert into {{ target }} {{ get_column_names() }} ({{ get_select_subquery(sql) }})
        {%- else -%}
        create or replace table {{ target }} as ({{ sql }})
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {% do drop_what_is_no(target) %}
    {% call statement('main') -%}
        {% if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
        {% endif -%}
        create or replace view {{ target }} as ({{ sql }})
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# A model that was a view and is a table now, or the other way round: what is there cannot be replaced by the other kind. #}
{% macro drop_what_is_no(target) %}
    {% set there = load_cached_relation(this) %}
    {% if there is not none and there.type != target.type %}
        {% do drop_relation_if_exists(there) %}
    {% endif %}
{% endmacro %}
