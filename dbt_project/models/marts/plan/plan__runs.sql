{{ config(materialized='view', tags=['hot']) }}

with runs as (
    select * from {{ source('ledger', 'plan_runs') }}
)

select
    run_id,
    as_of_at,
    as_of_on,
    marts_commit_id,
    planned_at,
    commit_id,
    -- The last one handed in, whatever day it planned for.
    row_number() over (order by commit_id desc, planned_at desc, run_id desc) = 1 as is_latest
from runs
