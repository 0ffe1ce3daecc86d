{#
    When a run ends: tables and views of models that the project no longer has go away, from the schemas that its models stand in. What
    the project keeps for itself stays, and so does all in schemas of others.
#}
{% macro drop_gone_models(results) %}
    {% set failed = [] %}
    {% for result in results if result.status in ('error', 'fail', 'runtime error') %}{% do failed.append(result) %}{% endfor %}
    {% if execute and flags.WHICH in ('run', 'build') and not failed %}
        {% set schemas, names = [], ["ops.model_commits", "ops.checked_commit", "ops.table_macros"] %}
        {% for node in graph.nodes.values() if node.resource_type in ('model', 'seed', 'snapshot') %}
            {% do schemas.append(node.schema) %}
            {% do names.append(node.schema ~ '.' ~ (node.alias or node.name)) %}
        {% endfor %}
        {% set gone %}
            select 'drop ' || kind || ' if exists "' || schema_name || '"."' || relation_name || '"'
            from (
                select 'table' as kind, schema_name, table_name as relation_name from duckdb_tables() where database_name = current_database() and not temporary
                union all
                select 'view' as kind, schema_name, view_name as relation_name from duckdb_views() where database_name = current_database() and not temporary and not internal
            ) as relations
            where
                schema_name in ('{{ schemas | unique | reject("equalto", "ledger") | join("', '") }}')
                and schema_name || '.' || relation_name not in ('{{ names | join("', '") }}')
        {% endset %}
        {% for statement in run_query(gone).columns[0].values() %}{% do run_query(statement) %}{% endfor %}
    {% endif %}
{% endmacro %}
