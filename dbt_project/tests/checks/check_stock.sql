-- The marts of schema stock: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'stock__asn_reconciliation',
    'stock__daily',
    'stock__expiring',
    'stock__on_hand',
    'stock__snapshots'
]) }}
