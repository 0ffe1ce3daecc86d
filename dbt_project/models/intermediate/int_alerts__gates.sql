{{ config(materialized='ephemeral') }}

with failed as (
    select
        gate_run_id,
        string_agg(
            rule_code || ' (' || severity || case when rows_failed > 0 then ', ' || rows_failed || ' rows' else '' end || '): ' || what,
            '; ' order by severity, rule_code
        ) as rules
    from {{ ref('ops__gate_results') }}
    where not is_met
    group by gate_run_id
),

gates as (
    select
        *,
        case when gate_kind = subject then gate_kind else gate_kind || '/' || subject end as gate
    from {{ ref('ops__gates') }}
    where is_blocked or n_rules_failed > 0
)

select
    case when gates.gate = 'marts/build' then 'build_failed' else 'gate_failed' end as alert_code,
    case when gates.is_blocked then 'critical' else 'warning' end as severity,
    gates.gate as subject,
    case
        when gates.gate = 'marts/build'
            then format(
                'the build failed, {}: {} of its checks and models',
                case when gates.is_blocked then 'so marts and plan stay as they were' else 'and what it found was accepted' end, gates.n_rules_failed
            )
        else format(
            'the gate {} {}: {} of {} rules are not met',
            gates.gate, case when gates.is_blocked then 'blocks, so marts and plan stay as they were' else 'warns' end, gates.n_rules_failed, gates.n_rules
        )
    end
    || coalesce(': ' || failed.rules, '') as what,
    cast(json_object(
        'gate_run_id', gates.gate_run_id, 'is_blocked', gates.is_blocked, 'rows_checked', gates.rows_checked, 'rules', gates.n_rules,
        'rules_failed', gates.n_rules_failed, 'report', gates.report_path
    ) as varchar) as figures
from gates
left join failed on gates.gate_run_id = failed.gate_run_id
