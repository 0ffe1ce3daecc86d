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

{# Of int_demand__daily: a day whose demand was all taken back stays there with zeros, where a build of everything has no row. #}
{% macro is_asked_for() %}gross_units <> 0 or lost_units_observed <> 0{% endmacro %}

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
            sum(cast(clean_units as hugeint) * clean_units) filter (where not is_censored) as squared_units,
            sum(clean_units) filter (where not is_censored and clean_units > 0) as size_units,
            sum(cast(clean_units as hugeint) * clean_units) filter (where not is_censored and clean_units > 0) as squared_size_units
        from days
        group by item_id, location_id
    ),

    stocked as (
        -- Goods that came late on their first day were not there for a whole one: their days begin with the next.
        select
            item_id,
            location_id,
            min(stock_on) + case
                when arg_min(sellable_closing_units, stock_on) > 0
                    and arg_min(out_of_stock_hours, stock_on) > 24 * {{ parameter('censored_out_of_stock_rate') }} then 1
                else 0
            end as first_stock_on
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
    Statistics of demand per day and item-location over the days from its first demand or first whole day in stock to `last_on`,
    an expression that may name the location's `time_zone`. A day without a row is a day without demand.
    `sums`: a relation of `demand_sums` over all days, from which those after `last_on` are taken off; without it they are summed here.
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
    later_days as (
        select daily.*
        from {{ ref('demand__daily') }} as daily
        inner join limits on daily.location_id = limits.location_id and daily.demand_on > limits.last_on
    ),

    later as (
        {{ demand_sums('later_days', '(select * from ' ~ ref('stock__daily') ~ ' where false)') }}
    ),

    observed as (
        -- No day after the last whole one: nothing to take off.
        select
            sums.item_id,
            sums.location_id,
            sums.first_demand_on,
            sums.first_stock_on,
            {%- for name in ['gross_units', 'n_censored_days', 'n_demand_days', 'demand_units', 'squared_demand_units', 'size_units', 'squared_size_units'] %}
            sums.{{ name }} - coalesce(later.{{ name }}, 0) as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ sums }} as sums
        left join later on sums.item_id = later.item_id and sums.location_id = later.location_id
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
            items.currency_code,
            described.gross_units * coalesce(items.unit_cost_amount, items.unit_price_amount) as value_amount
        from described
        left join {{ ref('core__dim_item') }} as items on described.item_id = items.item_id
    ),

    shared as (
        select
            *,
            -- Values of several currencies have no order: each has its classes.
            sum(value_amount) over (partition by location_id, currency_code) as location_value_amount,
            sum(value_amount) over (
                partition by location_id, currency_code order by value_amount desc nulls last, item_id rows between unbounded preceding and 1 preceding
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

{#
    Grain: sale. What tills sold, by the place that it was sold from; what was taken back counts against it. A sale for a reason
    that is no demand (`reasons`, a relation of `declared_reasons`) stays, with 0 units: its day is looked at again when the reason changes.
    What takes a sale back goes with the sale, whatever its own reason.
#}
{% macro sold_units(movements, reasons) %}
    -- Sold goods leave a physical place, which has a state; a void's reversal comes from the customer, who has none.
    select
        movements.item_id,
        coalesce(case when movements.from_stock_state is not null then movements.from_location_id end, movements.to_location_id) as location_id,
        movements.channel_id,
        movements.business_on as demand_on,
        movements.document_id,
        case
            when not_demanded.movement_id is not null then 0
            when movements.from_stock_state is not null then movements.units
            else -movements.units
        end as sold_units,
        movements.is_promo,
        movements.unit_price_amount,
        movements.currency_code,
        movements.reason,
        movements.commit_id
    from {{ movements }} as movements
    left join (
        select sold.movement_id
        from {{ movements }} as sold
        {{ join_reasons('sold', 'movement_kind', 'reason', reasons) }}
        where sold.movement_kind = 'sale' and not sold.is_reversal and sold.reason is not null and not {{ is_demand() }}
    ) as not_demanded
        on coalesce(movements.reverses_movement_id, movements.movement_id) = not_demanded.movement_id
    where movements.movement_kind = 'sale'
{% endmacro %}

{# Grain: order line x item. Lines whose order was placed for a reason that is no demand. #}
{% macro not_demanded_lines(events, reasons) %}
    select orders.channel_id, orders.document_id, orders.document_line, orders.item_id
    from {{ events }} as orders
    {{ join_reasons('orders', 'event_kind', 'reason_code', reasons) }}
    where orders.event_kind = 'order_placed' and orders.reason_code is not null and not {{ is_demand() }}
    group by all
    having sum(orders.sign) > 0
{% endmacro %}

{#
    Grain: item x location x channel x day. The days that rows above `since` say something of: of sales, of tickets with an exchange,
    of orders. A step of int_demand__daily over its CTEs `movements` and `sales`.
#}
{% macro touched_demand_days(events, since) %}
    with touched_tickets as (
        select distinct
            case when to_stock_state is not null then to_location_id else from_location_id end as location_id,
            business_on as demand_on,
            document_id
        from movements
        where movement_kind = 'exchange' and commit_id > {{ since }}
    ),

    touched_lines as (
        select distinct document_id, document_line
        from {{ events }}
        where
            event_kind in {{ order_event_kinds() }}
            and (commit_id > {{ since }} or (event_kind in ('order_placed', 'order_cancelled') and reason_code in {{ newly_declared(since) }}))
    )

    select item_id, location_id, channel_id, demand_on
    from sales
    where commit_id > {{ since }} or reason in {{ newly_declared(since) }}

    union
    select sales.item_id, sales.location_id, sales.channel_id, sales.demand_on
    from sales
    semi join touched_tickets
        on
            sales.location_id = touched_tickets.location_id and sales.demand_on = touched_tickets.demand_on
            and sales.document_id = touched_tickets.document_id

    union
    -- Every day that an order of the line has ever stood on, also one that was replaced.
    select events.item_id, events.location_id, events.channel_id, events.business_on
    from {{ events }} as events
    semi join touched_lines
        on events.document_id = touched_lines.document_id and events.document_line = touched_lines.document_line
    where events.event_kind = 'order_placed'
{% endmacro %}

{#
    Grain: item x location x day. Days on which a shelf was empty, so that what was sold says little of what was wanted. A step of
    demand__daily over its CTE `stocked` (stock.daily with the day from which the demand of its key is built again).
#}
{% macro censored_days() %}
    with spans as (
        select
            *,
            coalesce(lag(has_been_in_stock) over by_day, false) as was_in_stock,
            coalesce(lead(stock_on) over by_day - 1, {{ as_of_day() }}) as stands_until_on
        from stocked
        window by_day as (partition by item_id, location_id order by stock_on)
    ),

    out_of_stock_days as (
        -- Only what was once in stock can run out: books that never held the item say nothing about an empty shelf, nor do
        -- the hours before its first stock.
        select item_id, location_id, stock_on as demand_on, from_on
        from spans
        where
            out_of_stock_hours > 24 * {{ parameter('censored_out_of_stock_rate') }}
            and (was_in_stock or (has_been_in_stock and sellable_closing_units <= 0))

        union all
        select
            item_id,
            location_id,
            cast(unnest(generate_series(stock_on + 1, stands_until_on, interval 1 day)) as date) as demand_on,
            from_on
        from spans
        where has_been_in_stock and sellable_closing_units <= 0 and stands_until_on > stock_on
    )

    select item_id, location_id, demand_on
    from out_of_stock_days
    where demand_on >= from_on
{% endmacro %}
