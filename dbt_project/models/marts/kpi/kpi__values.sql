select
    cast(null as varchar) as kpi_code,
    cast(null as date) as period_start_on,
    cast(null as date) as period_end_on,
    cast(null as varchar) as grain_kind,
    cast(null as varchar) as grain_id,
    cast(null as decimal(28, 6)) as numerator,
    cast(null as decimal(28, 6)) as denominator,
    cast(null as decimal(28, 6)) as value,
    cast(null as decimal(18, 6)) as target_value,
    cast(null as varchar) as target_operator,
    cast(null as varchar) as status
where false
