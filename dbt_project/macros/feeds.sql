{# Feeds that stock is made of: when one of them falls silent, shelves go wrong. What `Feed.silence_severity` says is critical. #}
{% macro feeds_of_stock() -%}
('pos', 'wms', 'marketplace', 'rfid', 'supply')
{%- endmacro %}
