{#
    Tables and views, each in one statement: `create or replace` inside dbt's transaction is whole or not at all in DuckDB.
    dbt's own way, for databases that cannot do that, builds beside, renames twice and drops: half of what a build of small
    marts takes. Not for foreign keys, partitions or grants, which no model here has.
#}
{% materialization table, adapter='duckdb' %}
    {{ return(replace_in_one('table')) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(replace_in_one('view')) }}
{% endmaterialization %}

{% macro replace_in_one(kind) %}
    {%- set target = this.incorporate(type=kind) -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {% do drop_what_is_no(target) %}
    {% call statement('main') -%}
        {#- Of a contract only the order of the columns is kept here; that they are the promised ones is asked of all at once
            (`check_contracts`): what the contract does not name comes last and is found there, what is missing fails here. -#}
        {% if has_contract and kind == 'table' -%}
        create or replace table {{ target }} as (select {{ promised_columns() }}, * exclude ({{ promised_columns() }}) from ({{ sql }}))
        {%- else -%}
        create or replace {{ kind }} {{ target }} as ({{ sql }})
        {%- endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
    {{ return({'relations': [target]}) }}
{% endmacro %}

{# The names of this model's contract, in its order. #}
{% macro promised_columns() -%}
    {% for column in model.columns.values() %}{{ adapter.quote(column.name) if column.quote else column.name }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# A model that was a view and is a table now, or the other way round: what is there cannot be replaced by the other kind. #}
{% macro drop_what_is_no(target) %}
    {% set there = load_cached_relation(this) %}
    {% if there is not none and there.type != target.type %}
        {% do drop_relation_if_exists(there) %}
    {% endif %}
{% endmacro %}

{#
    As dbt's own, less one thing: it would write a seed's SQL below the target folder under the seed's own path, and a folder of
    policies that is named by an absolute path (`PARSTOCK_POLICY_DIR`) is no path below: the planner's CSV would be overwritten.
#}
{% macro noop_statement(name=None, message=None, code=None, rows_affected=None, res=None) -%}
    {%- set sql = caller() -%}
    {%- if name is not none -%}
    {{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}
    {%- endif -%}
{%- endmacro %}
