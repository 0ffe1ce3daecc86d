{# The folder is the schema: no prefix of the target in front of it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

{# Marts are called schema__name in dbt, where names must be unique, and schema.name in the database. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name -%} {{ custom_alias_name | trim }}
    {%- elif node.name.startswith(node.schema ~ '__') -%} {{ node.name[(node.schema | length) + 2:] }}
    {%- else -%} {{ node.name }}
    {%- endif -%}
{%- endmacro %}
