{# Event kinds that say something about a reservation; the numbers of documents are the reservation's own. #}
{% macro reservation_event_kinds() -%}
    ('reserve', 'release', 'expire', 'consume')
{%- endmacro %}

{# Orders that use up the reservation which they name. #}
{% macro reserving_order_kinds() -%}
    ('order_placed', 'backorder_accepted', 'preorder_accepted')
{%- endmacro %}

{#
    Reservations as they stand after the rows of `events` and `movements`; a bundle's line is one row per component.

    held         everything reserved, released, expired: quantities add
    consumed     the most of: what was used up by name, by the orders, by the shipments that name the line
    still held   max(0, held - released - expired - consumed): what the line reserves as long as its time runs
    expires_at   the last of its reserve events; null, and so never, where one of them names no time

    A line whose events were all taken back stays, with zeros.
#}
{% macro reservation_lines(events, movements) %}
    with signed_events as (
        select
            document_id, document_line, item_id, event_id, sub_no, event_kind, location_id, occurred_at, due_at, units,
            cast(sum(sign) as integer) as n_times
        from {{ events }}
        where event_kind in {{ reservation_event_kinds() }}
        group by all
    ),

    lines as (
        select
            document_id,
            document_line,
            item_id,
            arg_min(location_id, (occurred_at, event_id)) filter (where n_times > 0 and event_kind = 'reserve') as location_id,
            min(occurred_at) filter (where n_times > 0 and event_kind = 'reserve') as reserved_at,
            case
                when not bool_or(due_at is null) filter (where n_times > 0 and event_kind = 'reserve')
                    then max(due_at) filter (where n_times > 0 and event_kind = 'reserve')
            end as expires_at,
            -- No such event: none were held, released, expired, used up, hence 0.
            coalesce(sum(n_times * units) filter (where event_kind = 'reserve'), 0) as held_units,
            coalesce(sum(n_times * units) filter (where event_kind = 'release'), 0) as released_units,
            coalesce(sum(n_times * units) filter (where event_kind = 'expire'), 0) as expired_units,
            coalesce(sum(n_times * units) filter (where event_kind = 'consume'), 0) as named_units
        from signed_events
        group by document_id, document_line, item_id
    ),

    ordered as (
        select ref_document_id as document_id, ref_document_line as document_line, item_id, sum(sign * units) as ordered_units
        from {{ events }}
        where event_kind in {{ reserving_order_kinds() }} and ref_document_kind = 'reservation'
        group by ref_document_id, ref_document_line, item_id
    ),

    shipped as (
        -- A shipment leaves a physical place (which has a state); what takes it back comes from a virtual one.
        select
            ref_document_id as document_id,
            ref_document_line as document_line,
            item_id,
            sum(case when from_stock_state is not null then units else -units end) as shipped_units
        from {{ movements }}
        where movement_kind = 'ship' and ref_document_kind = 'reservation'
        group by ref_document_id, ref_document_line, item_id
    ),

    used as (
        select
            lines.*,
            greatest(lines.named_units, coalesce(ordered.ordered_units, 0), coalesce(shipped.shipped_units, 0)) as consumed_units
        from lines
        left join ordered
            on lines.document_id = ordered.document_id and lines.document_line = ordered.document_line and lines.item_id = ordered.item_id
        left join shipped
            on lines.document_id = shipped.document_id and lines.document_line = shipped.document_line and lines.item_id = shipped.item_id
    )

    select
        document_id,
        document_line,
        item_id,
        location_id,
        reserved_at,
        expires_at,
        cast(held_units as bigint) as held_units,
        cast(released_units as bigint) as released_units,
        cast(expired_units as bigint) as expired_units,
        cast(consumed_units as bigint) as consumed_units,
        cast(greatest(0, held_units - released_units - expired_units - consumed_units) as bigint) as still_held_units
    from used
{% endmacro %}

{# Reservation lines (document and line) that `events` and `movements` say something new about. #}
{% macro touched_reservations(events, movements) %}
    select document_id, document_line
    from {{ events }}
    where event_kind in {{ reservation_event_kinds() }}

    union
    select ref_document_id as document_id, ref_document_line as document_line
    from {{ events }}
    where event_kind in {{ reserving_order_kinds() }} and ref_document_kind = 'reservation'

    union
    select ref_document_id as document_id, ref_document_line as document_line
    from {{ movements }}
    where movement_kind = 'ship' and ref_document_kind = 'reservation'
{% endmacro %}

{# Rows of `events` about the reservation lines of `touched`: their own, and the orders that name them. #}
{% macro events_of_reservations(events, touched) %}
    select events.*
    from {{ events }} as events
    semi join {{ touched }} as touched on events.document_id = touched.document_id and events.document_line = touched.document_line
    where events.event_kind in {{ reservation_event_kinds() }}

    union all
    select events.*
    from {{ events }} as events
    semi join {{ touched }} as touched on events.ref_document_id = touched.document_id and events.ref_document_line = touched.document_line
    where events.event_kind in {{ reserving_order_kinds() }} and events.ref_document_kind = 'reservation'
{% endmacro %}

{# Rows of `movements` about the reservation lines of `touched`: shipments that name them. #}
{% macro shipments_of_reservations(movements, touched) %}
    select movements.*
    from {{ movements }} as movements
    semi join {{ touched }} as touched
        on movements.ref_document_id = touched.document_id and movements.ref_document_line = touched.document_line
    where movements.movement_kind = 'ship' and movements.ref_document_kind = 'reservation'
{% endmacro %}
