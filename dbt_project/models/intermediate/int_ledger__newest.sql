{{ config(materialized='view', tags=['hot']) }}

with known as (
    select max(known_at) as newest_known_at
    from (
        select newest_known_at as known_at from ledger.pin

        union all
        select max(first_known_at) as known_at from {{ ref('stg_ledger__deliveries') }}
    )
),

occurred as (
    select max(occurred_at) as newest_occurred_at
    from (
        select newest_occurred_at as occurred_at from ledger.pin

        union all
        select max(occurred_at) as occurred_at from {{ source('ledger', 'movements_new') }}

        union all
        select max(occurred_at) as occurred_at from {{ source('ledger', 'events_new') }}
    )
),

newest as (
    select known.newest_known_at, occurred.newest_occurred_at
    from known
    cross join occurred
)

select
    newest_known_at,
    newest_occurred_at,
    -- A line dated ahead of its delivery must not move the clock: lateness counts from what can have happened.
    least(newest_known_at, newest_occurred_at) as data_at
from newest
