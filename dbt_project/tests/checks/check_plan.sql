-- The marts of schema plan: their grain, what is always known, and ids that exist. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'plan__lead_times',
    'plan__reorder_points',
    'plan__reorder_proposals',
    'plan__runs',
    'plan__safety_stock',
    'plan__settings',
    'plan__supply'
]) }}
