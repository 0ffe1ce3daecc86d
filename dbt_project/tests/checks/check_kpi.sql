-- The marts of schema kpi: their grain, what is always known, and ids that exist. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'kpi__catalogue',
    'kpi__values'
]) }}
