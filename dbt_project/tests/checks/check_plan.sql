-- The marts of schema plan that the ledger gives: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'plan__lead_times'
]) }}
