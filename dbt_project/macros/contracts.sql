{#
    The contracts of all that this run built, in one question to the catalog, when it ends: dbt's own way binds every model
    twice. A broken one fails the run, so nothing of it is exported; where a node failed already, that is what is told.
#}
{% macro check_contracts(results) %}
    {% set failed = [] %}
    {% for result in results if result.status in ('error', 'fail', 'runtime error') %}{% do failed.append(result) %}{% endfor %}
    {% if execute and flags.WHICH in ('run', 'build') and not failed %}
        {% set promised, kinds = [], [] %}
        {% for result in results if result.node.resource_type == 'model' and result.node.config.contract.enforced and result.status == 'success' %}
            {% for column in result.node.columns.values() %}
                {% do promised.append("('" ~ result.node.schema ~ "', '" ~ result.node.alias ~ "', '" ~ column.name ~ "', '" ~ column.data_type ~ "')") %}
                {% do kinds.append(column.data_type) %}
            {% endfor %}
        {% endfor %}
        {% if promised %}
            {% set found = run_query(broken_contracts_sql(promised, kinds | unique | list)).columns[0].values()[0] %}
            {% if found is not none %}
                {{ exceptions.raise_compiler_error("contracts are broken: " ~ found) }}
            {% endif %}
        {% endif %}
    {% endif %}
{% endmacro %}

{# What differs, as one text; null where nothing does. Types are compared as the engine writes them, however the contract does. #}
{% macro broken_contracts_sql(promised, kinds) %}
    with kinds (written, data_type) as (
        values {% for kind in kinds %}('{{ kind }}', typeof(cast(null as {{ kind }}))){{ ', ' if not loop.last }}{% endfor %}
    ),
    promised (schema_name, table_name, column_name, written) as (values {{ promised | join(', ') }}),
    wanted as (select * from promised join kinds using (written)),
    there as (
        select schema_name, table_name, column_name, data_type
        from duckdb_columns()
        where database_name = current_database() and (schema_name, table_name) in (select (schema_name, table_name) from promised)
    ),
    differing as (
        select
            concat_ws('.', coalesce(wanted.schema_name, there.schema_name), coalesce(wanted.table_name, there.table_name),
                coalesce(wanted.column_name, there.column_name)) as name,
            coalesce(wanted.data_type, 'nothing') as is_promised,
            coalesce(there.data_type, 'not there') as is_there
        from wanted
        full join there
            on wanted.schema_name = there.schema_name and wanted.table_name = there.table_name and lower(wanted.column_name) = lower(there.column_name)
        where wanted.data_type is distinct from there.data_type
    )
    select string_agg(name || ': promised ' || is_promised || ', is ' || is_there, '; ' order by name) from differing
{% endmacro %}
