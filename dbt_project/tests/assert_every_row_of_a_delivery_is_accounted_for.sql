-- Each input line ends somewhere, and every row that was set aside says why.
select
    delivery_id,
    'rows' as fault
from {{ ref('ops__deliveries') }}
where rows_in <> accepted + duplicate + corrected + quarantined

union all
select
    delivery_id,
    'reason' as fault
from {{ ref('ops__quarantine') }}
where coalesce(reason_code, '') = '' or coalesce(reason, '') = ''
