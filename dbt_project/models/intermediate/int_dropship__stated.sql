-- What each supplier has said that it has, as of the build.
with stated as (
    {{ supplier_statements(ref('stg_ledger__events')) }}
)

select * from stated
