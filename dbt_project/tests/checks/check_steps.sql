-- Steps on the way to the marts. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'int_bundles__components',
    'int_demand__recent',
    'int_demand__sums',
    'int_items__merged',
    'int_orders__lines',
    'int_policies__matches',
    'int_reservations__lines',
    'int_snapshots__accepted',
    'int_snapshots__completeness',
    'int_stock__expiring',
    'int_stock__on_hand'
]) }}
