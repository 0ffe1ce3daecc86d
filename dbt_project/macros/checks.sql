{#
    Checks that every model makes the same way, many models in one node. What is checked stands beside the model, in its YAML:

        config:
          meta:
            grain: [item_id, location_id, stock_on]   # no two rows share it, and no part of it is null
            may_be_null: [location_id]                # parts of the grain that may: null is then a value like others
            not_null: [closing_units]                 # other columns that are always known
            grown_by: commit_id                       # the column with the commit that wrote a row, if it is not built_commit_id
            follows_from: stock__daily                # not checked: holds because it holds of that model

    Whether ids of items, locations, channels and suppliers have a row in their dimension is asked apart (`unknown_ids`) and only
    warned of: terms that name a supplier whose file comes tomorrow must not hold up everybody's tables.
    Of a model that grows only the keys are looked at that were written since all checks passed last (ops.checked_commit): the others
    were looked at then, and what a build wrote of which a check failed is looked at again until it passes.
    A failing row names the model, what is wrong and the key. The models are named where the macro is called, since dbt has to
    know them before it has read their YAML; `test_rules.py` holds the lists to the YAML.
#}
{% macro checks(models) %}
    {%- for name in models %}{% set known = ref(name) %}{% endfor %}
    {%- if execute and graph %}
    {%- for name in models %}
    {{ check(node_of(name)) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- else %}
    select null as model
    {%- endif %}
{% endmacro %}

{# A model or seed as dbt knows it. #}
{% macro node_of(name) %}
    {{ return(graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed']) | selectattr('name', 'equalto', name) | first) }}
{% endmacro %}

{# The faulty keys of one model; only of these anything is put into words. #}
{% macro check(node) %}
    {%- set meta = node.config.meta %}
    {%- set known_keys = meta.grain | reject('in', meta.get('may_be_null', [])) | list %}
    {%- set not_null = meta.get('not_null', []) -%}
    select
        '{{ node.schema }}.{{ node.alias or node.name }}' as model,
        concat_ws(
            '; ',
            case when n_rows > 1 then n_rows || ' rows of one grain' end
            {%- for column in known_keys %},
            case when {{ column }} is null then '{{ column }} is null' end
            {%- endfor %}
            {%- for column in not_null %},
            case when not has_{{ column }} then '{{ column }} is null' end
            {%- endfor %}
        ) as fault,
        concat_ws(', '{% for column in meta.grain %}, '{{ column }}=' || coalesce(cast({{ column }} as varchar), 'null'){% endfor %}) as key
    from (
        select
            {{ meta.grain | join(', ') }},
            count(*) as n_rows
            {%- for column in not_null %},
            count({{ column }}) = count(*) as has_{{ column }}
            {%- endfor %}
        from (
            {{ checked_rows(node) }}
        ) as checked
        group by {{ meta.grain | join(', ') }}
    ) as keys
    where
        n_rows > 1
        {%- for column in known_keys %}
        or {{ column }} is null
        {%- endfor %}
        {%- for column in not_null %}
        or not has_{{ column }}
        {%- endfor %}
{% endmacro %}

{# Ids in the marts that no dimension describes, one row a model and id. #}
{% macro unknown_ids(models) %}
    {%- for name in dimensions_of_ids().values() | list + models %}{% set known = ref(name) %}{% endfor %}
    {%- if execute and graph %}
    {%- set asked = [] %}
    {%- for name in models if name not in dimensions_of_ids().values() %}
    {%- for id, dimension in dimensions_of_ids().items() if id in node_of(name).columns %}
    {%- do asked.append((node_of(name), id, dimension)) %}
    {%- endfor %}
    {%- endfor %}
    {%- for node, id, dimension in asked %}
    select distinct '{{ node.schema }}.{{ node.alias or node.name }}' as model, '{{ id }}' as id_column, cast({{ id }} as varchar) as id, '{{ dimension | replace('__', '.') }}' as described_in
    from {{ ref(node.name) }}
    where {{ id }} is not null and {{ id }} not in (select {{ id }} from {{ ref(dimension) }})
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- else %}
    select null as model
    {%- endif %}
{% endmacro %}

{# Where each id of a mart is described. #}
{% macro dimensions_of_ids() %}
    {{ return({'item_id': 'core__dim_item', 'location_id': 'core__dim_location', 'channel_id': 'core__dim_channel', 'supplier_id': 'core__dim_supplier'}) }}
{% endmacro %}

{# The rows of a model that are looked at. #}
{% macro checked_rows(node) %}
    {%- set grain = node.config.meta.grain %}
    {%- set grown_by = node.config.meta.get('grown_by', 'built_commit_id' if 'built_commit_id' in node.columns else none) -%}
    select grown.*
            from {{ ref(node.name) }} as grown
    {%- if grown_by %}
            semi join (
                select {{ grain | join(', ') }}
                from {{ ref(node.name) }}
                where {{ grown_by }} > {{ checked_commit() }}
            ) as written
                on {% for column in grain %}{{ 'and ' if not loop.first }}grown.{{ column }} is not distinct from written.{{ column }} {% endfor %}
    {%- endif %}
{% endmacro %}

{# The commit up to which all checks have passed, in SQL: what lies above it is still to be looked at. #}
{% macro checked_commit() -%}
    (select coalesce(max(commit_id), -1) from ops.checked_commit)
{%- endmacro %}

{#
    When a run ends in which every check of the project was asked and none failed: up to where everything has been looked at now.
    A check that was let pass, with the rows that it found, counts as passed.
#}
{% macro record_checked(results) %}
    {% if execute and flags.WHICH in ('run', 'build') %}
        {% set passed = [] %}
        {% for result in results if result.node.resource_type == 'test' and result.status in ('pass', 'warn') %}{% do passed.append(result.node.unique_id) %}{% endfor %}
        {% set asked = graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') | map(attribute='unique_id') | list %}
        {% if asked and asked | reject('in', passed) | list | length == 0 %}
            {% do run_query("delete from ops.checked_commit; insert into ops.checked_commit select commit_id from ledger.pin") %}
        {% endif %}
    {% endif %}
{% endmacro %}
