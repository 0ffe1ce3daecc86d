{# A number that planners may change (seed policy__parameters). `optional`: null where their file does not have it. #}
{% macro parameter(code, optional=false) -%}
    (select parameter_value from {{ ref('policy__parameters') }} where parameter_code = '{{ code }}')
{%- endmacro %}
