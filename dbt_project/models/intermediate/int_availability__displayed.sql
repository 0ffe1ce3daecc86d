-- What each channel displays as of the build: its newest acknowledgement.
with acknowledged as (
    {{ acknowledgements(ref('stg_ledger__events')) }}
)

select * from acknowledged
