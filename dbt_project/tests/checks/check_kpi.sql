-- The marts of schema kpi: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'kpi__catalogue',
    'kpi__values'
]) }}
