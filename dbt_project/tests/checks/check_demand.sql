-- The marts of schema demand: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'demand__daily',
    'demand__variance'
]) }}
