with received as (
    select * from {{ ref('int_kpi__received') }}
),

disposed as (
    select * from {{ ref('int_kpi__disposed') }}
),

inspected as (
    select document_id, document_line, item_id
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'return_inspect' and reason_code = 'conforming'
    group by all
    having sum(sign) > 0
),

named as (
    select distinct item_id, location_id, document_id, document_line
    from disposed
    where document_id is not null
),

-- A disposition that names its document empties that one; the others empty what came first.
incoming as (
    select
        received.*,
        inspected.item_id is not null as is_inspected_conforming,
        case when named.item_id is not null then named.document_id end as queue_id,
        case when named.item_id is not null then named.document_line end as queue_line
    from received
    left join named
        on
            received.item_id = named.item_id and received.location_id = named.location_id
            and received.document_id = named.document_id and received.document_line is not distinct from named.document_line
    left join inspected
        on
            received.item_id = inspected.item_id and received.document_id = inspected.document_id
            and received.document_line is not distinct from inspected.document_line
),

incoming_units as (
    select
        *,
        sum(units) over in_turn - units as first_unit,
        sum(units) over in_turn as last_unit
    from incoming
    window in_turn as (
        partition by item_id, location_id, queue_id, queue_line order by received_at, event_id rows between unbounded preceding and current row
    )
),

outgoing as (
    select
        disposed.*,
        case when known.item_id is not null then disposed.document_id end as queue_id,
        case when known.item_id is not null then disposed.document_line end as queue_line
    from disposed
    left join (select distinct item_id, location_id, queue_id, queue_line from incoming where queue_id is not null) as known
        on
            disposed.item_id = known.item_id and disposed.location_id = known.location_id
            and disposed.document_id = known.queue_id and disposed.document_line is not distinct from known.queue_line
),

outgoing_units as (
    select
        *,
        sum(units) over in_turn - units as first_unit,
        sum(units) over in_turn as last_unit
    from outgoing
    window in_turn as (
        partition by item_id, location_id, queue_id, queue_line order by disposed_at, event_id rows between unbounded preceding and current row
    )
),

put_back as (
    select
        i.event_id,
        i.item_id,
        sum(least(i.last_unit, o.last_unit) - greatest(i.first_unit, o.first_unit)) as restocked_units,
        sum(
            case
                when o.disposed_at <= i.received_at + interval 24 hour
                    then least(i.last_unit, o.last_unit) - greatest(i.first_unit, o.first_unit)
                else 0
            end
        ) as restocked_24h_units
    from incoming_units as i
    inner join outgoing_units as o
        on
            i.item_id = o.item_id and i.location_id = o.location_id
            and i.queue_id is not distinct from o.queue_id and i.queue_line is not distinct from o.queue_line
            and i.first_unit < o.last_unit and o.first_unit < i.last_unit
    where {{ is_sellable('o.new_state') }}
    group by all
)

select
    incoming.event_id,
    incoming.item_id,
    incoming.location_id,
    incoming.channel_id,
    incoming.ref_document_kind,
    incoming.ref_document_id,
    incoming.ref_document_line,
    incoming.received_on,
    incoming.received_at,
    cast(incoming.units as bigint) as returned_units,
    -- Nothing was put back: none, hence 0.
    cast(coalesce(put_back.restocked_units, 0) as bigint) as restocked_units,
    cast(coalesce(put_back.restocked_24h_units, 0) as bigint) as restocked_24h_units,
    cast(case when incoming.is_inspected_conforming then incoming.units else coalesce(put_back.restocked_units, 0) end as bigint) as conforming_units
from incoming
left join put_back on incoming.event_id = put_back.event_id and incoming.item_id = put_back.item_id
