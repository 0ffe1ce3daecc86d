with events as (
    select
        event_id, sub_no, event_kind, document_kind, document_id, document_line, document_status, item_id, location_id, supplier_id,
        owner_id, units, epc, occurred_at,
        case when coalesce(ref_document_kind, 'po') = 'po' then ref_document_id end as po_id
    from {{ ref('stg_ledger__events') }}
    where event_kind = 'asn' or (feed = 'rfid' and item_id is not null)
    group by all
    having sum(sign) > 0
),

notice_lines as (
    select
        document_id,
        document_line,
        item_id,
        arg_max(location_id, (occurred_at, event_id)) filter (where location_id is not null) as location_id,
        arg_max(supplier_id, (occurred_at, event_id)) filter (where supplier_id is not null) as supplier_id,
        arg_max(owner_id, (occurred_at, event_id)) as owner_id,
        arg_max(po_id, (occurred_at, event_id)) filter (where po_id is not null) as po_id,
        min(occurred_at) as notified_at,
        sum(units) as advised_units
    from events
    where event_kind = 'asn'
    group by document_id, document_line, item_id
),

received as (
    select
        document_id,
        document_line,
        item_id,
        sum(case when is_reversal then -units else units end) as received_units
    from {{ ref('stg_ledger__movements') }}
    where movement_kind = 'receipt' and document_kind = 'asn'
    group by document_id, document_line, item_id
),

packed as (
    -- What was packed under the notice, whoever packed it; unpacking and repacking on receipt is no announcement.
    select document_id, item_id, epc, max(units) as units
    from events
    where epc is not null and event_kind = 'aggregation_add' and document_kind = 'asn' and document_status is distinct from 'receiving'
    group by document_id, item_id, epc
),

tags_read as (
    -- A tag that was received under another number, as the order's, counts for the notice that announced it.
    select
        case when events.document_kind = 'asn' then events.document_id else packed.document_id end as document_id,
        events.item_id,
        events.epc,
        max(events.units) as units
    from events
    left join packed on events.epc = packed.epc and events.document_kind is distinct from 'asn'
    where
        events.epc is not null and events.document_status = 'receiving'
        and events.event_kind in ('object_observe', 'object_add', 'aggregation_add', 'aggregation_delete')
    group by all
),

classes_read as (
    -- Goods by class carry no tag: each statement is of other goods.
    select document_id, item_id, sum(units) as units
    from events
    where
        epc is null and document_kind = 'asn' and document_status = 'receiving' and units > 0
        and event_kind in ('object_observe', 'object_add', 'aggregation_add', 'aggregation_delete')
    group by document_id, item_id
),

tags as (
    select
        coalesce(packed.document_id, tags_read.document_id) as document_id,
        coalesce(packed.item_id, tags_read.item_id) as item_id,
        sum(tags_read.units) as read_units,
        count(packed.epc) as announced_tags,
        string_agg(packed.epc, ' ' order by packed.epc) filter (where tags_read.epc is null) as missing_epcs,
        string_agg(tags_read.epc, ' ' order by tags_read.epc) filter (where packed.epc is null) as unexpected_epcs
    from packed
    full outer join tags_read
        on packed.document_id = tags_read.document_id and packed.item_id = tags_read.item_id and packed.epc = tags_read.epc
    group by all
),

lined_up as (
    -- Tags know no lines: those of an item fill its lines in turn, and the last line has what is left over.
    select
        notice_lines.*,
        coalesce(received.received_units, 0) as received_units,
        case
            when tags.read_units is not null or classes_read.units is not null
                then coalesce(tags.read_units, 0) + coalesce(classes_read.units, 0)
        end as read_units,
        tags.announced_tags,
        tags.missing_epcs,
        tags.unexpected_epcs,
        coalesce(
            sum(notice_lines.advised_units) over (by_line rows between unbounded preceding and 1 preceding), 0
        ) as advised_before_units,
        lead(notice_lines.document_line) over by_line is null as is_last_line
    from notice_lines
    left join received
        on
            notice_lines.document_id = received.document_id and notice_lines.document_line = received.document_line
            and notice_lines.item_id = received.item_id
    left join tags on notice_lines.document_id = tags.document_id and notice_lines.item_id = tags.item_id
    left join classes_read on notice_lines.document_id = classes_read.document_id and notice_lines.item_id = classes_read.item_id
    window by_line as (partition by notice_lines.document_id, notice_lines.item_id order by notice_lines.document_line)
)

select
    document_id,
    document_line,
    item_id,
    location_id,
    supplier_id,
    owner_id,
    po_id,
    notified_at,
    cast(advised_units as bigint) as advised_units,
    cast(received_units as bigint) as received_units,
    cast(
        case
            when is_last_line then greatest(0, read_units - advised_before_units)
            else least(advised_units, greatest(0, read_units - advised_before_units))
        end as bigint
    ) as read_units,
    cast(greatest(0, advised_units - received_units) as bigint) as missing_units,
    cast(greatest(0, received_units - advised_units) as bigint) as excess_units,
    case
        when received_units <= 0 then 'open'
        when received_units < advised_units then 'short'
        when received_units > advised_units then 'over'
        else 'complete'
    end as receipt_status,
    case when is_last_line and announced_tags > 0 then missing_epcs end as missing_epcs,
    case when is_last_line and announced_tags > 0 then unexpected_epcs end as unexpected_epcs
from lined_up
