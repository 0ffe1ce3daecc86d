{#
    Units that legs brought in or took out, signed, the sums of a day or of what became known of it. A reversal lowers what it
    takes back: it counts on the side of the movement that it undoes. `units_in` and `units_out` make of both sums what people read.
#}
{% macro signed_in_units() -%}
    sum(case when not is_within and (delta_units > 0) <> is_reversal then delta_units else 0 end)
{%- endmacro %}

{% macro signed_out_units() -%}
    sum(case when not is_within and (delta_units > 0) = is_reversal then -delta_units else 0 end)
{%- endmacro %}

{# In and out of a day, neither below 0: what more is taken back than went out that day (a void on a later day) came in. #}
{% macro units_in(signed_in, signed_out) -%}
    greatest({{ signed_in }}, 0) + greatest(-({{ signed_out }}), 0)
{%- endmacro %}

{% macro units_out(signed_in, signed_out) -%}
    greatest({{ signed_out }}, 0) + greatest(-({{ signed_in }}), 0)
{%- endmacro %}

{#
    How long there was nothing to sell, by item, place and day of the clock: days that are not among the rows always had something.
    A step of stock__daily over its CTEs: `rebuilt` (legs with clock_on), `moved` and `days` (their sums), `calendar` (when each
    place's day begins and ends) and, in an incremental build, `touched` (the day from which an item's days are built again).
#}
{% macro empty_days() %}
    with clock_days as (
        -- What changed by the clock; a business day on which nothing did has a level too.
        select
            item_id,
            location_id,
            clock_on,
            sum(sellable_units) as sellable_units,
            sum(sellable_up_units) as up_units
        from (
            select item_id, location_id, clock_on, sellable_units, sellable_up_units
            from moved

            union all
            select item_id, location_id, stock_on as clock_on, 0 as sellable_units, 0 as sellable_up_units
            from days
        ) as both_days
        group by all
    ),

    levels as (
        select
            *,
            sum(sellable_units) over (partition by item_id, location_id order by clock_on) - sellable_units as level_units
        from clock_days
    ),

    doubtful as materialized (
        -- A day that cannot fall to 0 is never empty. Kept apart from the calendar: joined in one go, the wrong two meet first.
        select
            levels.item_id,
            levels.location_id,
            levels.clock_on,
            levels.level_units,
            levels.level_units + levels.up_units <= 0 as is_always_empty
        from levels
        {% if is_incremental() %}
        inner join touched on levels.item_id = touched.item_id and levels.location_id = touched.location_id and levels.clock_on >= touched.from_on
        {% endif %}
        where levels.level_units + levels.sellable_units - levels.up_units <= 0
    ),

    bounded as (
        select
            doubtful.*,
            calendar.starts_at,
            calendar.ends_at
        from doubtful
        inner join calendar on doubtful.location_id = calendar.location_id and doubtful.clock_on = calendar.business_on
    ),

    points as (
        select item_id, location_id, clock_on, starts_at as point_at, ends_at, level_units as delta_units
        from bounded
        where not is_always_empty

        union all
        select rebuilt.item_id, rebuilt.location_id, rebuilt.clock_on, rebuilt.occurred_at, bounded.ends_at, rebuilt.delta_units
        from rebuilt
        inner join bounded
            on rebuilt.item_id = bounded.item_id and rebuilt.location_id = bounded.location_id and rebuilt.clock_on = bounded.clock_on
        where not bounded.is_always_empty and {{ is_sellable('rebuilt.stock_state') }}
    ),

    gaps as (
        -- Of several points at one instant only the last is followed by time; the level after it is that of all of them.
        select
            item_id,
            location_id,
            clock_on,
            case
                when sum(delta_units) over by_time <= 0
                    then epoch_us(coalesce(lead(point_at) over by_time, ends_at)) - epoch_us(point_at)
                else 0
            end as empty_us
        from points
        window by_time as (partition by item_id, location_id, clock_on order by point_at)
    )

    select item_id, location_id, clock_on, epoch_us(ends_at) - epoch_us(starts_at) as empty_us
    from bounded
    where is_always_empty

    union all
    select item_id, location_id, clock_on, sum(empty_us) as empty_us
    from gaps
    group by all
{% endmacro %}
