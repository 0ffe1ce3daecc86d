-- What planners and the calendar's files say: one row each, with a key. What each promises stands in its YAML (macros/checks.sql).
{{ checks([
    'calendar__retail_periods',
    'calendar__school_holidays',
    'kpi__definitions',
    'kpi__targets',
    'policy__buffers',
    'policy__calendars',
    'policy__parameters',
    'policy__planning',
    'policy__service_targets'
]) }}
