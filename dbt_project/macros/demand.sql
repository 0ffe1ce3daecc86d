{#
    Item-locations whose demand days must be built again, and from which day: `demand__daily` deletes and inserts them.
    - what its parents have rebuilt since it last looked;
    - from the very first day where no demand before that day is there to say which channel an empty shelf belongs to;
    - goods that are still out of stock: the days that have come since.
    An order that no place is known for yet has demand without one: places are compared with `is not distinct from`.
    Both uses see the same rows: nothing in here depends on the rows from `from_on` on.
#}
{% macro touched_demand(since) %}
    {% set newest = run_query("select coalesce(max(demand_on), date '1970-01-01') from " ~ this).columns[0].values()[0] if execute and is_incremental() else '1970-01-01' %}
    with rebuilt as (
        select item_id, location_id, min(demand_on) as from_on
        from {{ ref('int_demand__daily') }}
        where built_commit_id > {{ since }}
        group by all

        union all
        select item_id, location_id, min(stock_on) as from_on
        from {{ ref('stock__daily') }}
        where built_commit_id > {{ since }}
        group by all

        union all
        select item_id, location_id, date '{{ newest }}' + 1 as from_on
        from {{ ref('stock__daily') }}
        where date '{{ newest }}' < {{ as_of_day() }}
        group by all
        having arg_max(sellable_closing_units, stock_on) <= 0 and bool_or(has_been_in_stock)
    ),

    earliest as (
        select item_id, location_id, min(from_on) as from_on
        from rebuilt
        group by all
    ),

    known as (
        select daily.item_id, daily.location_id
        from {{ this }} as daily
        inner join earliest on daily.item_id = earliest.item_id and daily.location_id is not distinct from earliest.location_id
        where daily.demand_on < earliest.from_on and daily.gross_units > 0
        group by all
    )

    select
        earliest.item_id,
        earliest.location_id,
        case when known.item_id is not null then earliest.from_on else date '0001-01-01' end as from_on
    from earliest
    left join known on earliest.item_id = known.item_id and earliest.location_id is not distinct from known.location_id
{% endmacro %}

{#
    Sums of demand per item-location over the rows of `daily` and `stock`: what its statistics are made of. Censored days
    say nothing and are left out; integer sums are the same in whatever order the rows are added.
#}
{% macro demand_sums(daily, stock) %}
    with days as (
        select
            item_id,
            location_id,
            demand_on,
            sum(gross_units) as gross_units,
            sum(clean_units) as clean_units,
            bool_or(is_censored) as is_censored
        from {{ daily }}
        group by item_id, location_id, demand_on
    ),

    demanded as (
        select
            item_id,
            location_id,
            min(demand_on) filter (where gross_units > 0) as first_demand_on,
            sum(gross_units) as gross_units,
            count(*) filter (where is_censored) as n_censored_days,
            count(*) filter (where not is_censored and clean_units > 0) as n_demand_days,
            sum(clean_units) filter (where not is_censored) as units,
            sum(clean_units * clean_units) filter (where not is_censored) as squared_units,
            sum(clean_units) filter (where not is_censored and clean_units > 0) as size_units,
            sum(clean_units * clean_units) filter (where not is_censored and clean_units > 0) as squared_size_units
        from days
        group by item_id, location_id
    ),

    stocked as (
        select item_id, location_id, min(stock_on) as first_stock_on
        from {{ stock }}
        group by item_id, location_id
    )

    -- Goods that were only stocked, or never uncensored, had no demand that counts: their sums are 0, not unknown.
    select
        coalesce(demanded.item_id, stocked.item_id) as item_id,
        coalesce(demanded.location_id, stocked.location_id) as location_id,
        demanded.first_demand_on,
        stocked.first_stock_on,
        cast(coalesce(demanded.gross_units, 0) as bigint) as gross_units,
        coalesce(demanded.n_censored_days, 0) as n_censored_days,
        coalesce(demanded.n_demand_days, 0) as n_demand_days,
        cast(coalesce(demanded.units, 0) as bigint) as demand_units,
        cast(coalesce(demanded.squared_units, 0) as decimal(38, 0)) as squared_demand_units,
        cast(coalesce(demanded.size_units, 0) as bigint) as size_units,
        cast(coalesce(demanded.squared_size_units, 0) as decimal(38, 0)) as squared_size_units
    from demanded
    full join stocked on demanded.item_id = stocked.item_id and demanded.location_id = stocked.location_id
{% endmacro %}

{#
    Statistics of demand per day and item-location over the days from its first demand or stock to `last_on`, an
    expression that may name the location's `time_zone`. A day without a row is a day without demand.
    `sums`: a relation of `demand_sums` up to that day; without it they are summed here.
#}
{% macro demand_variance(last_on, sums=none) %}
    with limits as (
        select location_id, {{ last_on }} as last_on
        from (
            -- A place without a zone has its days in UTC.
            select location_id, coalesce(time_zone, 'UTC') as time_zone
            from {{ ref('core__dim_location') }}
            where not is_virtual
        ) as zones
    ),

{% if sums %}
    observed as (
        select * from {{ sums }}
    ),
{% else %}
    daily as (
        select daily.*
        from {{ ref('demand__daily') }} as daily
        inner join limits on daily.location_id = limits.location_id and daily.demand_on <= limits.last_on
    ),

    stock as (
        select daily.*
        from {{ ref('stock__daily') }} as daily
        inner join limits on daily.location_id = limits.location_id and daily.stock_on <= limits.last_on
    ),

    observed as (
        {{ demand_sums('daily', 'stock') }}
    ),
{% endif %}

    counted as (
        select
            observed.*,
            least(observed.first_demand_on, observed.first_stock_on) as first_on,
            limits.last_on,
            limits.last_on - least(observed.first_demand_on, observed.first_stock_on) + 1 as n_days,
            limits.last_on - least(observed.first_demand_on, observed.first_stock_on) + 1 - observed.n_censored_days as n_valid_days
        from observed
        inner join limits on observed.location_id = limits.location_id
        where least(observed.first_demand_on, observed.first_stock_on) <= limits.last_on
    ),

    described as (
        select
            *,
            case when n_valid_days > 0 then cast(demand_units as double) / n_valid_days end as mean,
            case
                when n_valid_days > 1
                    then sqrt(cast(n_valid_days * squared_demand_units - cast(demand_units as decimal(38, 0)) * demand_units as double) / (cast(n_valid_days as double) * (n_valid_days - 1)))
            end as sd,
            case
                when n_demand_days > 1
                    then
                        cast(n_demand_days * squared_size_units - cast(size_units as decimal(38, 0)) * size_units as double) * n_demand_days
                        / (cast(n_demand_days - 1 as double) * size_units * size_units)
            end as cv2,
            case when n_demand_days > 0 then cast(n_valid_days as double) / n_demand_days end as adi
        from counted
    ),

    valued as (
        select
            described.*,
            described.gross_units * coalesce(items.unit_cost_amount, items.unit_price_amount) as value_amount
        from described
        left join {{ ref('core__dim_item') }} as items on described.item_id = items.item_id
    ),

    shared as (
        select
            *,
            sum(value_amount) over (partition by location_id) as location_value_amount,
            sum(value_amount) over (
                partition by location_id order by value_amount desc nulls last, item_id rows between unbounded preceding and 1 preceding
            ) as value_amount_before
        from valued
    )

    select
        item_id,
        location_id,
        cast(mean as decimal(18, 6)) as demand_units_mean,
        cast(sd as decimal(18, 6)) as demand_units_sd,
        cast(cv2 as decimal(18, 6)) as cv2,
        cast(adi as decimal(18, 6)) as adi,
        case
            when adi is null or cv2 is null then null
            when adi < {{ parameter('sbc_adi') }} and cv2 < {{ parameter('sbc_cv2') }} then 'smooth'
            when adi < {{ parameter('sbc_adi') }} then 'erratic'
            when cv2 < {{ parameter('sbc_cv2') }} then 'intermittent'
            else 'lumpy'
        end as demand_class,
        case
            when value_amount is null then null
            when value_amount <= 0 then 'C'
            -- The item that crosses the line still belongs above it: what counts is the share before it.
            when coalesce(value_amount_before, 0) < {{ parameter('abc_a_rate') }} * location_value_amount then 'A'
            when coalesce(value_amount_before, 0) < {{ parameter('abc_b_rate') }} * location_value_amount then 'B'
            else 'C'
        end as abc_class,
        case
            when sd is null or mean <= 0 then null
            when sd / mean <= {{ parameter('xyz_x_cv') }} then 'X'
            when sd / mean <= {{ parameter('xyz_y_cv') }} then 'Y'
            else 'Z'
        end as xyz_class,
        cast(n_days as bigint) as n_days,
        cast(n_valid_days as bigint) as n_valid_days,
        cast(n_demand_days as bigint) as n_demand_days,
        cast(gross_units as bigint) as gross_units,
        first_on as first_observed_on,
        last_on as last_observed_on
    from shared
{% endmacro %}

{# For how many days back an item that was asked for is watched for running out. #}
{% macro recent_demand_days() -%} 90 {%- endmacro %}
