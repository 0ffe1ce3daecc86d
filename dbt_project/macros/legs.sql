{#
    The two signed legs of each movement of `movements`: leg 1 takes from, leg 2 adds to.
    `physical_only` leaves out the ends at virtual locations, which have no stock state.
#}
{% macro movement_legs(movements, physical_only=false, condition='true') %}
        select
            movement_id, 1 as leg_no, event_id, movement_kind, item_id, from_location_id as location_id,
            from_stock_state as stock_state, owner_id, lot_id, -units as delta_units, occurred_at, known_at, business_on,
            source_feed, is_reversal, reverses_movement_id, reason, commit_id, from_location_id = to_location_id as is_within
        from {{ movements }}
        where {{ condition }}{% if physical_only %} and from_stock_state is not null{% endif %}

        union all
        select
            movement_id, 2 as leg_no, event_id, movement_kind, item_id, to_location_id as location_id,
            to_stock_state as stock_state, owner_id, lot_id, units as delta_units, occurred_at, known_at, business_on,
            source_feed, is_reversal, reverses_movement_id, reason, commit_id, from_location_id = to_location_id as is_within
        from {{ movements }}
        where {{ condition }}{% if physical_only %} and to_stock_state is not null{% endif %}
{% endmacro %}

{# Rows of the ledger above the build's commit have the ledger's column names: give them staging's. #}
{% macro new_movements() -%}
    (select * rename (lot_code as lot_id) from {{ source('ledger', 'movements_new') }})
{%- endmacro %}

{# Whether goods in this state can be sold. #}
{% macro is_sellable(stock_state) -%}
    {{ stock_state }} in ('sellable_accessible', 'sellable_not_accessible')
{%- endmacro %}
