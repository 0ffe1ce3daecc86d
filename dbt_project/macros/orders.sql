{# Event kinds that say something about a sales order line. #}
{% macro order_event_kinds() -%}
    ('order_placed', 'order_line_changed', 'order_cancelled', 'order_shipped', 'backorder_accepted', 'preorder_accepted')
{%- endmacro %}

{#
    Sales order lines as they stand after the rows of `events` and `movements`; a bundle's line is one row per component.

    ordered      the latest of order_placed and order_line_changed; a back- or preorder without an order is one itself
    cancelled    everything cancelled; also apart: for stock, and for what is no demand (fraud, unless the reference says otherwise)
    shipped      by the warehouse (ship movements that name the line) and by the channel (order_shipped), apart
    open         max(0, ordered - cancelled - max(shipped by either)): what the line still reserves
    backorder    the part of the open units that was accepted as a back- or preorder, due at promised_at

    A line whose events were all taken back stays, with zeros. `reasons`: a relation of `declared_reasons`; without it only
    fraud is no demand, which is enough for whoever asks what is open.
#}
{% macro order_lines(events, movements, reasons=none) %}
    with signed_events as (
        select
            channel_id, document_id, document_line, item_id, event_id, sub_no, event_kind, source_revision, location_id,
            business_on, occurred_at, promised_at, units, reason_code, unit_price_amount, currency_code, is_promo,
            cast(sum(sign) as integer) as n_times
        from {{ events }}
        where event_kind in {{ order_event_kinds() }}
        group by all
    ),

{% if reasons %}
    reasoned_events as (
        select signed_events.*, {{ is_demand("signed_events.reason_code <> 'fraud'") }} as is_demand
        from signed_events
        {{ join_reasons('signed_events', 'event_kind', 'reason_code', reasons) }}
    ),
{% else %}
    reasoned_events as (
        select *, coalesce(reason_code <> 'fraud', true) as is_demand
        from signed_events
    ),
{% endif %}

    lines as (
        select
            channel_id,
            document_id,
            document_line,
            item_id,
            coalesce(bool_or(event_kind = 'order_placed') filter (where n_times > 0), false) as is_placed,
            arg_max(units, (occurred_at, event_kind = 'order_line_changed', source_revision, event_id))
                filter (where n_times > 0 and event_kind in ('order_placed', 'order_line_changed')) as stated_units,
            -- The order decides where the line reserves and on which day it is demand; a backorder without one decides itself.
            arg_min(location_id, (event_kind <> 'order_placed', occurred_at, event_id))
                filter (where n_times > 0 and event_kind in ('order_placed', 'backorder_accepted', 'preorder_accepted')) as location_id,
            arg_min(business_on, (event_kind <> 'order_placed', occurred_at, event_id))
                filter (where n_times > 0 and event_kind in ('order_placed', 'backorder_accepted', 'preorder_accepted')) as demand_on,
            min(occurred_at) filter (where n_times > 0 and event_kind = 'order_placed') as placed_at,
            arg_max(promised_at, occurred_at) filter (where n_times > 0 and promised_at is not null) as promised_at,
            arg_max(unit_price_amount, occurred_at) filter (where n_times > 0 and unit_price_amount is not null) as unit_price_amount,
            arg_max(currency_code, occurred_at) filter (where n_times > 0 and currency_code is not null) as currency_code,
            coalesce(bool_or(is_promo) filter (where n_times > 0), false) as is_promo,
            -- No such event: none were cancelled, shipped or backordered, hence 0.
            coalesce(sum(n_times * units) filter (where event_kind = 'order_cancelled'), 0) as cancelled_units,
            coalesce(sum(n_times * units) filter (where event_kind = 'order_cancelled' and reason_code = 'stock'), 0) as cancelled_for_stock_units,
            coalesce(sum(n_times * units) filter (where event_kind = 'order_cancelled' and not is_demand), 0) as cancelled_for_fraud_units,
            coalesce(sum(n_times * units) filter (where event_kind = 'order_shipped'), 0) as shipped_by_channel_units,
            coalesce(sum(n_times * units) filter (where event_kind in ('backorder_accepted', 'preorder_accepted')), 0) as backordered_units
        from reasoned_events
        group by channel_id, document_id, document_line, item_id
    ),

    shipped as (
        -- A shipment leaves a physical place (which has a state); what takes it back comes from a virtual one.
        select
            channel_id,
            document_id,
            document_line,
            item_id,
            sum(case when from_stock_state is not null then units else -units end) as shipped_units
        from {{ movements }}
        where movement_kind = 'ship' and document_kind = 'so'
        group by all
    ),

    stated as (
        select
            lines.*,
            greatest(case when lines.is_placed then coalesce(lines.stated_units, 0) else 0 end, lines.backordered_units) as ordered_units,
            -- A shipment may leave its channel out; the number is then of one channel only.
            coalesce(of_channel.shipped_units, 0) + coalesce(of_any.shipped_units, 0) as shipped_by_warehouse_units
        from lines
        left join shipped as of_channel
            on
                lines.channel_id = of_channel.channel_id and lines.document_id = of_channel.document_id
                and lines.document_line = of_channel.document_line and lines.item_id = of_channel.item_id
        left join shipped as of_any
            on
                of_any.channel_id is null and lines.document_id = of_any.document_id
                and lines.document_line = of_any.document_line and lines.item_id = of_any.item_id
    ),

    opened as (
        select
            *,
            greatest(0, ordered_units - cancelled_units - greatest(shipped_by_warehouse_units, shipped_by_channel_units)) as open_units
        from stated
    )

    select
        channel_id,
        document_id,
        document_line,
        item_id,
        location_id,
        demand_on,
        is_placed,
        is_promo,
        cast(ordered_units as bigint) as ordered_units,
        cast(cancelled_units as bigint) as cancelled_units,
        cast(cancelled_for_stock_units as bigint) as cancelled_for_stock_units,
        cast(cancelled_for_fraud_units as bigint) as cancelled_for_fraud_units,
        cast(shipped_by_warehouse_units as bigint) as shipped_by_warehouse_units,
        cast(shipped_by_channel_units as bigint) as shipped_by_channel_units,
        cast(open_units as bigint) as open_units,
        cast(least(open_units, backordered_units) as bigint) as backorder_units,
        unit_price_amount,
        currency_code,
        placed_at,
        promised_at
    from opened
{% endmacro %}

{# Order lines (document and line; the channel may be missing) that `events` and `movements` say something new about. #}
{% macro touched_order_lines(events, movements) %}
    select document_id, document_line
    from {{ events }}
    where event_kind in {{ order_event_kinds() }}

    union
    select document_id, document_line
    from {{ movements }}
    where movement_kind = 'ship' and document_kind = 'so'
{% endmacro %}

{#
    Grain: event kind (`*`: all) x reason x time. What the reference says of reasons: whether rows that carry one are demand, as known now.
    A row is judged by what holds when it happened.
#}
{% macro declared_reasons() %}
    with spans as (
        {{ version_spans(source('ledger', 'reasons'), ['event_kind', 'reason_code'], from_its_date=true) }}
    )

    select
        event_kind,
        reason_code,
        is_demand,
        coalesce(valid_from, timestamptz '-infinity') as valid_from,
        coalesce(valid_to, timestamptz 'infinity') as valid_to
    from spans
    where known_to is null and is_demand is not null
{% endmacro %}

{# Joins what is declared of a row's reason, for its own kind (`of_kind`) and for all kinds (`of_all`), from a relation of `declared_reasons`. #}
{% macro join_reasons(rows, kind, reason, reasons) %}
        left join {{ reasons }} as of_kind
            on
                {{ rows }}.{{ kind }} = of_kind.event_kind and {{ rows }}.{{ reason }} = of_kind.reason_code
                and {{ rows }}.occurred_at >= of_kind.valid_from and {{ rows }}.occurred_at < of_kind.valid_to
        left join {{ reasons }} as of_all
            on
                of_all.event_kind = '*' and {{ rows }}.{{ reason }} = of_all.reason_code
                and {{ rows }}.occurred_at >= of_all.valid_from and {{ rows }}.occurred_at < of_all.valid_to
{%- endmacro %}

{# Whether a row is demand by its reason, after `join_reasons`: what is said of its kind, else of all kinds, else `otherwise`. #}
{% macro is_demand(otherwise='true') -%}
    coalesce(of_kind.is_demand, of_all.is_demand, {{ otherwise }}, true)
{%- endmacro %}

{# Reasons of which rows above `since` say something new: what carries one is looked at again. #}
{% macro newly_declared(since) -%}
    (select declared.reason_code from {{ source('ledger', 'reasons') }} as declared where declared.commit_id > {{ since }})
{%- endmacro %}
