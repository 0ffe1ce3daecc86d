{{ config(materialized='view', tags=['hot']) }}

with looks as (
    select
        *,
        -- Two looks at one instant: the one handed in last.
        row_number() over (partition by gate_kind, subject order by checked_at desc, commit_id desc, gate_run_id desc) as recency_rank
    from {{ source('ledger', 'gate_runs') }}
),

newest as (
    select * from looks
    where recency_rank = 1
),

accepted as (
    select gate_run_id, max_by(author, decided_at) as accepted_by
    from {{ ref('plan__decisions') }}
    where kind = 'accept_gate' and is_in_force
    group by gate_run_id
),

rules as (
    select
        results.gate_run_id,
        count(*) as n_rules,
        count(*) filter (where not results.is_met) as n_rules_failed
    from {{ source('ledger', 'gate_results') }} as results
    semi join newest on results.gate_run_id = newest.gate_run_id
    group by results.gate_run_id
)

select
    newest.gate_kind,
    newest.subject,
    newest.gate_run_id,
    newest.checked_at,
    newest.subject_commit_id,
    newest.is_blocked and accepted.gate_run_id is null as is_blocked,
    newest.rows_checked,
    coalesce(rules.n_rules, 0) as n_rules,
    coalesce(rules.n_rules_failed, 0) as n_rules_failed,
    newest.report_path,
    accepted.accepted_by
from newest
left join rules on newest.gate_run_id = rules.gate_run_id
left join accepted on newest.gate_run_id = accepted.gate_run_id
