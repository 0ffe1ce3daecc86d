select
    proposal_id,
    order_units,
    why
from {{ ref('plan__reorder_proposals') }}
where order_units < 0 or why is null
