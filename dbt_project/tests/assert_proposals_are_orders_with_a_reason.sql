-- What planning proposes is an order, with a reason. A warning: if it blocked, no new plan could ever replace it.
{{ config(severity='warn') }}
select
    proposal_id,
    order_units,
    why
from {{ ref('plan__reorder_proposals') }}
where order_units < 0 or why is null
