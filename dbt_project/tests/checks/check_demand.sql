-- The marts of schema demand: their grain, what is always known, and ids that exist. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'demand__daily',
    'demand__variance'
]) }}
