-- The marts of schema core: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'core__calendar_days',
    'core__calendar_periods',
    'core__channel_listings',
    'core__channel_locations',
    'core__dim_channel',
    'core__dim_channel_history',
    'core__dim_item',
    'core__dim_item_history',
    'core__dim_location',
    'core__dim_location_history',
    'core__dim_reason',
    'core__dim_supplier',
    'core__dim_supplier_history',
    'core__fct_movements',
    'core__item_relations',
    'core__item_units',
    'core__kit_components',
    'core__segment_members',
    'core__terms_history'
]) }}
