-- All columns of the ledger but the one that only the owner reads: a column that is added comes by itself.
select * exclude (named_item_id) rename (lot_code as lot_id)
from {{ source('ledger', 'movements') }}
