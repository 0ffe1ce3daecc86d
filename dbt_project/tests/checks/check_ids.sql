-- Ids that no dimension describes: reference data that has not come yet. A warning; no table waits for it. Asked where ids come in.
{{ config(severity='warn') }}
{{ unknown_ids([
    'core__channel_listings',
    'core__channel_locations',
    'core__dim_item_history',
    'core__item_relations',
    'core__item_units',
    'core__kit_components',
    'core__segment_members',
    'core__terms_history',
    'demand__daily',
    'stock__daily'
]) }}
