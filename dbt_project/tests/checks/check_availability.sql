-- The marts of schema availability: their grain, and what is always known. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'availability__by_channel',
    'availability__by_channel_location',
    'availability__desync',
    'availability__dropship'
]) }}
