{{ config(materialized='view', tags=['hot']) }}

with gates as (
    select * from {{ ref('ops__gates') }}
),

results as (
    select * from {{ source('ledger', 'gate_results') }}
)

select
    gates.gate_kind,
    gates.subject,
    gates.gate_run_id,
    results.rule_code,
    results.table_name,
    results.column_name,
    results.severity,
    results.is_met,
    results.rows_checked,
    results.rows_failed,
    results.what,
    results.failed_rows
from gates
inner join results on gates.gate_run_id = results.gate_run_id
