-- The marts of schema ops: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'ops__alert_codes',
    'ops__alerts',
    'ops__data_health',
    'ops__deliveries',
    'ops__feed_fields',
    'ops__gate_results',
    'ops__gates',
    'ops__quarantine',
    'ops__restatements',
    'ops__snapshots'
]) }}
