{#
    A day that every client can show: what lies before 1900 or after 2200 is the first or the last day of those years. Ingest
    takes no other days; the ledger of a home that an earlier version filled may hold them.
#}
{% macro within_calendar(day) -%}
    case when {{ day }} > cast('2200-12-31' as date) then cast('2200-12-31' as date) when {{ day }} < cast('1900-01-01' as date) then cast('1900-01-01' as date) else {{ day }} end
{%- endmacro %}
