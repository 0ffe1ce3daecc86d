-- The marts of schema plan: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'plan__lead_times',
    'plan__reorder_points',
    'plan__reorder_proposals',
    'plan__runs',
    'plan__safety_stock',
    'plan__settings',
    'plan__supply'
]) }}
