-- What planning handed in: its grain, and what is always known. A warning: if it blocked, no new plan could ever replace it.
{{ config(severity='warn') }}
{{ checks([
    'plan__reorder_points',
    'plan__reorder_proposals',
    'plan__runs',
    'plan__safety_stock',
    'plan__settings',
    'plan__supply'
]) }}
