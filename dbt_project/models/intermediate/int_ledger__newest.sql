{{ config(materialized='view', tags=['hot']) }}

select
    newest_known_at,
    newest_occurred_at,
    published_at,
    -- A line dated ahead of its delivery must not move the clock: lateness counts from what can have happened.
    least(newest_known_at, newest_occurred_at) as data_at
from ledger.newest
