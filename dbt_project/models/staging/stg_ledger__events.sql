-- All columns of the ledger: a column that is added comes by itself.
select * rename (lot_code as lot_id)
from {{ source('ledger', 'events') }}
