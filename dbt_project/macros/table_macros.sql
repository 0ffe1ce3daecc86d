{#
    The table macros that readers and planning call, in the order in which they can be created. They are made after each
    build and kept as text in ops.table_macros, from where the publisher carries them into the published file.
    Everything they name is qualified by its schema; nothing in them is newer than DuckDB 1.2.
#}
{% macro table_macros() %}
    {{ return([
        {'schema_name': 'core', 'macro_name': 'on_hand_as_of', 'arguments': 'ts', 'body': on_hand_as_of("occurred_at <= cast(ts as timestamptz)")},
        {'schema_name': 'core', 'macro_name': 'on_hand_as_known', 'arguments': 'ts, known', 'body': on_hand_as_of("occurred_at <= cast(ts as timestamptz) and known_at <= cast(known as timestamptz)")},
        {'schema_name': 'demand', 'macro_name': 'variance_as_of', 'arguments': 'ts', 'body': demand_variance(last_whole_day('cast(ts as timestamptz)'))},
        {'schema_name': 'plan', 'macro_name': 'position_as_of', 'arguments': 'ts', 'body': position_as_of()},
        {'schema_name': 'plan', 'macro_name': 'open_supply_as_of', 'arguments': 'ts', 'body': open_supply_as_of()},
        {'schema_name': 'plan', 'macro_name': 'lead_times_as_of', 'arguments': 'ts', 'body': lead_times("received_at <= cast(ts as timestamptz)")},
        {'schema_name': 'plan', 'macro_name': 'terms_as_of', 'arguments': 'ts', 'body': terms_as_of()},
        {'schema_name': 'plan', 'macro_name': 'supplier_terms_as_of', 'arguments': 'ts', 'body': supplier_terms_as_of()},
    ]) }}
{% endmacro %}

{# Make the table macros, and keep their statements. A first run of only a part of the project lacks what they name. #}
{% macro create_table_macros() %}
    {#- Asked for before the condition, so that dbt sees what the macros depend on. -#}
    {% set macros = table_macros() %}
    {% set rests_on = [ref('int_lead_times__receipts'), ref('demand__daily'), ref('stock__daily'), ref('core__dim_location'), ref('core__dim_item')] %}
    {% if execute and flags.WHICH in ('run', 'build') and all_exist(rests_on) %}
        {% do run_query("create or replace table ops.table_macros (schema_name varchar, macro_name varchar, macro_sql varchar, position integer)") %}
        {% for one in macros %}
            {% set statement = 'create or replace macro ' ~ one.schema_name ~ '.' ~ one.macro_name ~ '(' ~ one.arguments ~ ') as table\n' ~ one.body %}
            {% set statement = statement | replace('"' ~ target.database ~ '".', '') %}
            {% do run_query(statement) %}
            {% do run_query("insert into ops.table_macros values ('" ~ one.schema_name ~ "', '" ~ one.macro_name ~ "', '" ~ (statement | replace("'", "''")) ~ "', " ~ loop.index ~ ")") %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# Whether all of the relations are in the database. #}
{% macro all_exist(relations) %}
    {% for relation in relations if load_relation(relation) is none %}
        {{ return(false) }}
    {% endfor %}
    {{ return(true) }}
{% endmacro %}

{# Grain: item x location x state x owner x lot, physical places. Stock from the movements that meet `condition`. #}
{% macro on_hand_as_of(condition) %}
    with legs as (
        {{ movement_legs(ref('stg_ledger__movements'), physical_only=true, condition=condition) }}
    )

    select
        item_id,
        location_id,
        stock_state,
        owner_id,
        lot_id,
        cast(sum(delta_units) as bigint) as on_hand_units,
        max(occurred_at) as last_movement_at
    from legs
    group by all
{% endmacro %}

{#
    Grain: item x location. What can be sold, what waits for putaway and what is promised at `ts`; reserved_units without the backordered ones.
    Books below 0 are a question to be counted, not a debt: they add 0, and `below_zero_units` says by how much sellable goods are below.
#}
{% macro position_as_of() %}
    with states as (
        select
            item_id,
            location_id,
            coalesce(sum(on_hand_units) filter (where {{ is_sellable('stock_state') }}), 0) as sellable_units,
            coalesce(sum(on_hand_units) filter (where stock_state = 'in_progress'), 0) as awaiting_putaway_units
        from core.on_hand_as_of(ts)
        where {{ is_sellable('stock_state') }} or stock_state = 'in_progress'
        group by all
    ),

    dated_movements as (
        select *
        from {{ ref('stg_ledger__movements') }}
        where
            occurred_at <= cast(ts as timestamptz)
            and item_id in (select d.item_id from {{ ref('stg_ledger__movements') }} as d where d.expires_on is not null)
    ),

    layers as (
        {{ expiring_layers('dated_movements') }}
    ),

    expired as (
        select layers.item_id, layers.location_id, sum(layers.expiring_units) as expired_units
        from layers
        left join {{ ref('core__dim_location') }} as places on layers.location_id = places.location_id
        where cast(timezone(coalesce(places.time_zone, 'UTC'), cast(ts as timestamptz)) as date) > layers.expires_on - {{ removal_days() }}
        group by layers.item_id, layers.location_id
    ),

    fresh as (
        {{ without_expired('states', 'expired') }}
    ),

    stock as (
        select
            states.item_id,
            states.location_id,
            greatest(0, fresh.sellable_units) as sellable_units,
            -- What is past its day beyond the sellable goods lies among those that are not put away.
            greatest(0, states.awaiting_putaway_units - greatest(0, coalesce(expired.expired_units, 0) - greatest(0, states.sellable_units)))
                as awaiting_putaway_units,
            greatest(0, -fresh.sellable_units) as below_zero_units
        from states
        inner join fresh on states.item_id = fresh.item_id and states.location_id = fresh.location_id
        left join expired on states.item_id = expired.item_id and states.location_id = expired.location_id
    ),

    order_lines as (
        {{ order_lines(
            '(select * from ' ~ ref('stg_ledger__events') ~ ' where occurred_at <= cast(ts as timestamptz))',
            '(select * from ' ~ ref('stg_ledger__movements') ~ ' where occurred_at <= cast(ts as timestamptz))'
        ) }}
    ),

    reservations as (
        {{ reservation_lines(
            '(select * from ' ~ ref('stg_ledger__events') ~ ' where occurred_at <= cast(ts as timestamptz))',
            '(select * from ' ~ ref('stg_ledger__movements') ~ ' where occurred_at <= cast(ts as timestamptz))'
        ) }}
    ),

    lines as (
        select item_id, location_id, open_units - backorder_units as reserved_units, backorder_units
        from order_lines
        where open_units > 0 and location_id is not null

        union all
        select item_id, location_id, still_held_units as reserved_units, 0 as backorder_units
        from reservations
        where still_held_units > 0 and location_id is not null and coalesce(expires_at > cast(ts as timestamptz), true)
    ),

    promised as (
        select
            item_id,
            location_id,
            sum(reserved_units) as reserved_units,
            sum(backorder_units) as backorder_units
        from lines
        group by all
    )

    -- Goods of which a place has only one of the two: the other is none, hence 0.
    select
        coalesce(stock.item_id, promised.item_id) as item_id,
        coalesce(stock.location_id, promised.location_id) as location_id,
        cast(coalesce(stock.sellable_units, 0) as bigint) as sellable_units,
        cast(coalesce(stock.awaiting_putaway_units, 0) as bigint) as awaiting_putaway_units,
        cast(coalesce(stock.below_zero_units, 0) as bigint) as below_zero_units,
        cast(coalesce(promised.reserved_units, 0) as bigint) as reserved_units,
        cast(coalesce(promised.backorder_units, 0) as bigint) as backorder_units
    from stock
    full join promised on stock.item_id = promised.item_id and stock.location_id = promised.location_id
{% endmacro %}

{# Grain: item x location x supply kind x document line. What is still to come at `ts` (`open_supply`). #}
{% macro open_supply_as_of() %}
    with open_lines as (
        {{ open_supply(
            '(select * from ' ~ ref('stg_ledger__events') ~ " where occurred_at <= cast(ts as timestamptz) and feed = 'supply')",
            '(select * from ' ~ ref('stg_ledger__movements') ~ ' where occurred_at <= cast(ts as timestamptz))'
        ) }}
    )

    select * from open_lines
{% endmacro %}

{# Grain: supplier x item x location (null: all locations). The terms that hold at `ts`. #}
{% macro terms_as_of() %}
    with terms as (
        {{ version_at(source('ledger', 'terms'), ['supplier_id', 'item_id', 'location_id'], 'cast(ts as timestamptz)', from_its_date=true, ends=true) }}
    )

    select
        supplier_id,
        item_id,
        location_id,
        lead_time_days,
        moq_units,
        multiple_units,
        unit_cost_amount,
        currency_code,
        order_cost_amount,
        max_units,
        priority
    from terms
{% endmacro %}

{# Grain: supplier x location (null: all locations). On which days a supplier takes orders, as holds at `ts`. #}
{% macro supplier_terms_as_of() %}
    with terms as (
        {{ version_at(source('ledger', 'supplier_terms'), ['supplier_id', 'location_id'], 'cast(ts as timestamptz)', from_its_date=true, ends=true) }}
    )

    select
        supplier_id,
        location_id,
        order_days,
        calendar_code
    from terms
{% endmacro %}
