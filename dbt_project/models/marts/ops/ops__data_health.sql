{{ config(materialized='view', tags=['hot']) }}

with checks as (
    select
        'negative_stock' as check_code,
        'Stock below zero: something was sold or moved that the books never received' as what,
        count(*) as n_rows,
        cast(coalesce(-sum(on_hand_units), 0) as bigint) as affected_units
    from {{ ref('stock__on_hand') }}
    where on_hand_units < 0

    union all
    select
        'rows_waiting' as check_code,
        'Rows in quarantine that wait: they are posted automatically when what they wait for arrives' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('ops__quarantine') }}
    where is_waiting

    union all
    select
        'rows_refused' as check_code,
        'Rows in quarantine that were refused: only a corrected copy can replace them' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('ops__quarantine') }}
    where not is_waiting

    union all
    select
        'deliveries_unfinished' as check_code,
        'Deliveries that are only partly applied yet' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('ops__deliveries') }}
    where applied_at is null

    union all
    select
        'transit_overdue' as check_code,
        'Document lines sent and still not received, for longer than planning waits for them; as of the build' as what,
        count(*) as n_rows,
        cast(coalesce(sum(in_transit_units), 0) as bigint) as affected_units
    from {{ ref('int_transit__open') }}
    where
        in_transit_units > 0
        -- Of several policies the most patient one, without any a month.
        and sent_at < (select newest.data_at from {{ ref('int_ledger__newest') }} as newest)
        - to_days(cast(least(coalesce((select max(policies.transit_grace_days) from {{ ref('policy__planning') }} as policies), 30), 36500) as integer))

    union all
    select
        'transit_never_sent' as check_code,
        'Document lines received from transit that were never sent: the shipment is missing or has another number; as of the build' as what,
        count(*) as n_rows,
        cast(coalesce(-sum(in_transit_units), 0) as bigint) as affected_units
    from {{ ref('int_transit__open') }}
    where in_transit_units < 0

    union all
    select
        'tags_unknown' as check_code,
        'RFID tags whose GTIN belongs to no item: nothing is posted for them' as what,
        count(*) as n_rows,
        null as affected_units
    from (
        select epc
        from {{ ref('stg_ledger__events') }}
        where feed = 'rfid' and item_id is null and (epc like '%:sgtin:%' or epc like '%/01/%')
        group by all
        having sum(sign) > 0
    ) as tags

    union all
    select
        'reads_not_posted' as check_code,
        'Tags and goods received by a reader whose word counts, that post nothing: the read names no purchase order or notice, '
        || 'or a quantity that is no number of pieces, or is a transaction, a transformation or the like' as what,
        count(*) as n_rows,
        cast(coalesce(sum(units), 0) as bigint) as affected_units
    from (
        select events.event_id, events.sub_no, max(events.units) as units
        from {{ ref('stg_ledger__events') }} as events
        inner join {{ ref('core__dim_location') }} as locations on events.location_id = locations.location_id
        where
            events.feed = 'rfid' and events.document_status = 'receiving' and locations.rfid_posting = 'authoritative'
            -- What has no item is told by tags_unknown.
            and events.item_id is not null
            and (
                events.event_kind not in ('object_observe', 'object_add', 'aggregation_add', 'aggregation_delete')
                or coalesce(events.document_kind, '') not in ('po', 'asn') or coalesce(events.units, 0) <= 0
            )
        group by all
        having sum(events.sign) > 0
    ) as reads

    union all
    select
        'items_without_cost' as check_code,
        'Items without a cost or price: their value, and so their ABC class, is unknown' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('core__dim_item') }}
    where unit_cost_amount is null and unit_price_amount is null

    union all
    select
        'lifecycles_unknown' as check_code,
        'Items with a lifecycle that says nothing (new, active, phase_out and ended do): they are ordered'
        || coalesce(': ' || string_agg(distinct lifecycle, ', ' order by lifecycle), '') as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('core__dim_item') }}
    where lower(lifecycle) not in ('new', 'active', 'phase_out', 'ended')

    union all
    select
        'policies_without_match' as check_code,
        'Policies that match nothing, they may wait for what they name'
        || coalesce(': ' || string_agg(policy_file || ' ' || policy_code, ', ' order by policy_file, policy_code), '') as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('int_policies__matches') }}
    where not is_matched

    union all
    select
        'suppliers_without_terms' as check_code,
        'Suppliers without terms: nothing can be ordered from them' || coalesce(': ' || string_agg(supplier_code, ', ' order by supplier_code), '') as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('core__dim_supplier') }}
    where supplier_id not in (select terms.supplier_id from {{ source('ledger', 'terms') }} as terms where terms.supplier_id is not null)

    union all
    select
        'reference_unknown_codes' as check_code,
        'Codes that rows of reference data name and that no row says what they are: nothing comes of those rows until one does'
        || coalesce(': ' || string_agg(named_kind || ' ' || named_code, ', ' order by named_kind, named_code), '') as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('int_reference__unknown_codes') }}

    union all
    select
        'orders_without_supplier' as check_code,
        'Items due at a location for which no supplier has terms: nothing is proposed' as what,
        count(*) as n_rows,
        null as affected_units
    from {{ ref('plan__reorder_points') }}
    where supplier_id is null and reorder_point_units > 0 and inventory_position_units <= reorder_point_units and not {{ is_given_up() }}
)

select * from checks
