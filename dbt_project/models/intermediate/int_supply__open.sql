with supply as (
    {{ open_supply("(select * from " ~ ref('stg_ledger__events') ~ " where feed = 'supply')", ref('stg_ledger__movements')) }}
)

select * from supply
