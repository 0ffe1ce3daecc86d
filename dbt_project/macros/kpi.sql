{#
    The families of KPI measures. A new KPI is a row in seeds/kpi__definitions.csv over measures that are there; where one
    is missing, a model int_kpi__<family> that gives it, and its name here. Single delays, of which a percentile is taken, are
    rows of int_kpi__observations.
#}
{% macro kpi_measure_families() %}
    {{ return([
        'int_kpi__availability', 'int_kpi__counts', 'int_kpi__cycles', 'int_kpi__orders', 'int_kpi__plan', 'int_kpi__returns',
        'int_kpi__rfid', 'int_kpi__stock', 'int_kpi__supply', 'int_kpi__sync'
    ]) }}
{% endmacro %}

{# All rows of the families, one below the other. #}
{% macro kpi_union(families, columns) %}
    {%- for family in families %}
    select {{ columns | join(', ') }} from {{ ref(family) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
{% endmacro %}

{# The kinds of grain that a KPI is told by, all among them. #}
{% macro kpi_grain_kinds() -%}
    string_split('all ' || coalesce(grains, ''), ' ')
{%- endmacro %}

{# The column that says which one of a kind of grain a row belongs to. #}
{% macro kpi_grain_column(grain) -%}
    {{ 'category' if grain == 'category' else grain ~ '_id' }}
{%- endmacro %}

{# What a grain is called where a row does not say: still counted, so that a grain adds up to all. #}
{% macro kpi_grain_id(grain) -%}
    coalesce(cast({{ kpi_grain_column(grain) }} as varchar), 'unknown')
{%- endmacro %}

{#
    Grouping sets over `keys`: for all, and for each kind of grain by itself. Goes with `kpi_grain_kind`.
    A row counts once in each kind of grain.
#}
{% macro kpi_grouping_sets(keys, grains) -%}
    grouping sets (
        ({{ keys | join(', ') }})
        {%- for grain in grains %},
        ({{ keys | join(', ') }}, {{ kpi_grain_column(grain) }})
        {%- endfor %}
    )
{%- endmacro %}

{# The kind and the id of the grain, in a query grouped by `kpi_grouping_sets`. #}
{% macro kpi_grain(grains) -%}
    case
            {%- for grain in grains %}
            when grouping({{ kpi_grain_column(grain) }}) = 0 then '{{ grain }}'
            {%- endfor %}
            else 'all'
        end as grain_kind,
        case
            {%- for grain in grains %}
            when grouping({{ kpi_grain_column(grain) }}) = 0 then {{ kpi_grain_id(grain) }}
            {%- endfor %}
            else 'all'
        end as grain_id
{%- endmacro %}

{#
    Measures per day and grain from rows (measure_code, measured_on, ids, amount, currency_code), which add up, those in money
    in each currency by itself.
#}
{% macro kpi_measures_by_grain(relation, grains) %}
    select
        measure_code,
        measured_on,
        {{ kpi_grain(grains) }},
        cast(sum(amount) as decimal(28, 6)) as amount,
        cast(currency_code as varchar) as currency_code
    from {{ relation }}
    group by {{ kpi_grouping_sets(['measure_code', 'measured_on', 'currency_code'], grains) }}
{% endmacro %}

{#
    Hours per day and grain under a level that stands until it changes: of goods on a shelf unit-hours, of listings hours.
    From rows (measure_code, time_zone, changed_on, ids, delta, delta_hours: delta times the hours left of that local day).
    Every day from the grain's first change to the newest day has a row.
#}
{% macro kpi_level_hours_by_grain(relation, grains) %}
    with by_grain as (
        select
            measure_code,
            time_zone,
            changed_on,
            currency_code,
            {{ kpi_grain(grains) }},
            sum(delta) as delta,
            sum(delta_hours) as delta_hours
        from {{ relation }}
        group by {{ kpi_grouping_sets(['measure_code', 'time_zone', 'changed_on', 'currency_code'], grains) }}
    ),

    hours as (
        {{ kpi_level_hours('by_grain') }}
    )

    select * from hours
{% endmacro %}

{# The same from changes that are already summed by grain (grain_kind, grain_id instead of ids). #}
{% macro kpi_level_hours(relation) %}
    with keys as (
        select
            measure_code,
            grain_kind,
            grain_id,
            time_zone,
            currency_code,
            first_on,
            row_number() over () as key_no,
            dense_rank() over (order by measure_code, grain_kind, grain_id, currency_code) as grain_no
        from (
            select measure_code, grain_kind, grain_id, time_zone, currency_code, min(changed_on) as first_on
            from {{ relation }}
            group by measure_code, grain_kind, grain_id, time_zone, currency_code
        ) as starts
    ),

    -- From here on by number: rows are many, and texts are slow to compare.
    changes as (
        select
            keys.key_no,
            rows.changed_on,
            cast(rows.delta as decimal(28, 6)) as delta,
            cast(rows.delta_hours as decimal(28, 6)) as delta_hours
        from {{ relation }} as rows
        inner join keys
            on
                rows.measure_code = keys.measure_code and rows.grain_kind = keys.grain_kind and rows.grain_id = keys.grain_id
                and rows.time_zone = keys.time_zone and rows.currency_code is not distinct from keys.currency_code
    ),

    every_day as (
        select
            key_no,
            grain_no,
            time_zone,
            cast(unnest(generate_series(first_on, {{ as_of_day() }}, interval 1 day)) as date) as measured_on
        from keys
    ),

    zone_days as (
        select
            time_zone,
            measured_on,
            cast(epoch(timezone(time_zone, cast(measured_on + 1 as timestamp)) - timezone(time_zone, cast(measured_on as timestamp))) / 3600 as integer)
                as day_hours
        from (select distinct time_zone, measured_on from every_day) as days
    ),

    hours as (
        -- A day without a change: none, hence 0.
        select
            every_day.grain_no,
            every_day.measured_on,
            (sum(coalesce(changes.delta, 0)) over (partition by every_day.key_no order by every_day.measured_on) - coalesce(changes.delta, 0))
            * zone_days.day_hours + coalesce(changes.delta_hours, 0) as amount
        from every_day
        inner join zone_days on every_day.time_zone = zone_days.time_zone and every_day.measured_on = zone_days.measured_on
        left join changes on every_day.key_no = changes.key_no and every_day.measured_on = changes.changed_on
    ),

    totals as (
        select
            grain_no,
            measured_on,
            cast(sum(amount) as decimal(28, 6)) as amount
        from hours
        group by grain_no, measured_on
    )

    select
        grains.measure_code,
        totals.measured_on,
        grains.grain_kind,
        grains.grain_id,
        totals.amount,
        cast(grains.currency_code as varchar) as currency_code
    from totals
    inner join (select distinct grain_no, measure_code, grain_kind, grain_id, currency_code from keys) as grains on totals.grain_no = grains.grain_no
{% endmacro %}

{# What is left of its local day after an instant, in hours. #}
{% macro hours_left_of_day(at, day, time_zone) -%}
    cast((epoch_us(timezone({{ time_zone }}, cast({{ day }} + 1 as timestamp))) - epoch_us({{ at }})) / 3600000000.0 as decimal(9, 6))
{%- endmacro %}

{# Units that a buffer holds back of what is sellable; `buffers` may be the missing side of a left join. #}
{% macro units_held_back(buffers, sellable_units) -%}
    case {{ buffers }}.buffer_kind
            when 'exclude' then greatest({{ sellable_units }}, 0)
            when 'units' then {{ buffers }}.buffer_units
            when 'rate' then cast(ceil(greatest({{ sellable_units }}, 0) * {{ buffers }}.buffer_rate) as bigint)
            else 0
        end
{%- endmacro %}

{# A zone for what has none: that of the places if they share one, else UTC. #}
{% macro any_zone() -%}
    coalesce(
            (
                select case when min(p.time_zone) = max(p.time_zone) then min(p.time_zone) end
                from {{ ref('core__dim_location') }} as p
                where not p.is_virtual
            ), 'UTC'
        )
{%- endmacro %}

{# Numbers of publications grow; what is not a number goes by its time. #}
{% macro publish_rank() -%}
    coalesce(try_cast(document_id as bigint), -1)
{%- endmacro %}

{#
    The newest acknowledgement of each listing among the rows of `events`: what the channel displays, and since when. An older
    publication that is acknowledged late does not come back.
#}
{% macro acknowledgements(events) %}
    select
        item_id,
        channel_id,
        arg_max(units, ({{ publish_rank() }}, occurred_at, document_id, event_id)) as displayed_units,
        arg_max(document_id, ({{ publish_rank() }}, occurred_at, document_id, event_id)) as publish_no,
        arg_max(occurred_at, ({{ publish_rank() }}, occurred_at, document_id, event_id)) as displayed_at
    from (
        select item_id, channel_id, occurred_at, document_id, event_id, units
        from {{ events }}
        where event_kind = 'stock_ack'
        group by all
        having sum(sign) > 0
    ) as standing
    group by item_id, channel_id
{% endmacro %}

{# Rows per day added up to weeks (ISO, from Monday) or months, in each currency by itself. #}
{% macro kpi_grown(days, period) -%}
    select
        kpi_code,
        '{{ period }}' as period_kind,
        cast(date_trunc('{{ period }}', measured_on) as date) as period_start_on,
        grain_kind,
        grain_id,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        currency_code
    from {{ days }}
    group by all
{%- endmacro %}
