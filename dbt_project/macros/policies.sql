{# A number that planners may change (seed policy__parameters). #}
{% macro parameter(code) -%}
    (select parameter_value from {{ ref('policy__parameters') }} where parameter_code = '{{ code }}')
{%- endmacro %}
