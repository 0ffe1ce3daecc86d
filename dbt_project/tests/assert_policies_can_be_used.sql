-- A policy that planning or availability would misread, with what is wrong with it. File and row: the code names them.
select
    'policy__buffers.csv' as file,
    buffer_code as code,
    'kind units needs buffer_units >= 0, rate buffer_rate from 0 to 1, exclude neither' as fault
from {{ ref('policy__buffers') }}
where
    not coalesce(case buffer_kind
        when 'units' then buffer_units >= 0 and buffer_rate is null
        when 'rate' then buffer_rate between 0 and 1 and buffer_units is null
        when 'exclude' then buffer_units is null and buffer_rate is null
    end, false)

union all
select
    'policy__service_targets.csv' as file,
    policy_code as code,
    'service_target_rate lies between 0 and 1' as fault
from {{ ref('policy__service_targets') }}
where not coalesce(service_target_rate > 0 and service_target_rate < 1, false)

union all
select
    'policy__planning.csv' as file,
    policy_code as code,
    'method is auto, simple, normal_ltd or combined; days and receipts are not negative' as fault
from {{ ref('policy__planning') }}
where
    coalesce(method not in ('auto', 'simple', 'normal_ltd', 'combined'), false)
    or least(review_days, min_receipts, min_valid_days, default_lead_time_days, po_grace_days, transit_grace_days, holding_cost_rate) < 0

union all
select
    'policy__parameters.csv' as file,
    wanted.parameter_code as code,
    'is missing, or not above 0' as fault
from (
    select
        unnest([
            'censored_out_of_stock_rate', 'abc_a_rate', 'abc_b_rate', 'xyz_x_cv', 'xyz_y_cv', 'sbc_adi', 'sbc_cv2', 'dropship_age_hours_max',
            'restatement_grace_hours', 'snapshot_trail', 'snapshot_trail_min', 'snapshot_refuse_rate', 'snapshot_warn_rate',
            'inventory_gap_units', 'inventory_gap_rate', 'schema_stable_deliveries', 'schema_drift_days'
        ]) as parameter_code
) as wanted
left join {{ ref('policy__parameters') }} as parameters on wanted.parameter_code = parameters.parameter_code
where not coalesce(parameters.parameter_value > 0, false)

union all
select
    'kpi__targets.csv' as file,
    kpi_code as code,
    'target_operator is <, <=, > or >=; target_value is not negative' as fault
from {{ ref('kpi__targets') }}
where coalesce(target_operator, '') not in ('<', '<=', '>', '>=') or not coalesce(target_value >= 0, false)
