{{ config(materialized='view', tags=['hot']) }}

with additions as (
    select * from {{ source('ledger', 'deliveries') }}
),

decisions as (
    select * from {{ source('ledger', 'decisions') }}
),

undone as (
    select undoes_decision_id from decisions
    where kind = 'undo'
),

withdrawals as (
    select
        delivery_id,
        max(decided_at) as withdrawn_at,
        max_by(author, decided_at) as withdrawn_by
    from decisions
    where
        kind = 'withdraw'
        and decision_id not in (select undone.undoes_decision_id from undone)
    group by delivery_id
)

select
    additions.delivery_id,
    max(additions.feed) as feed,
    max(additions.source_system) as source_system,
    max(additions.source_uri) as source_uri,
    cast(sum(additions.rows_in) as bigint) as rows_in,
    cast(sum(additions.accepted) as bigint) as accepted,
    cast(sum(additions.duplicate) as bigint) as duplicate,
    cast(sum(additions.corrected) as bigint) as corrected,
    cast(sum(additions.quarantined) as bigint) as quarantined,
    min(additions.first_known_at) as first_known_at,
    max(additions.applied_at) as applied_at,
    max(withdrawals.withdrawn_at) as withdrawn_at,
    max(withdrawals.withdrawn_by) as withdrawn_by
from additions
left join withdrawals on additions.delivery_id = withdrawals.delivery_id
group by additions.delivery_id
