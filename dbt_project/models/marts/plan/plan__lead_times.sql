with observed as (
    {{ lead_times() }}
)

select * from observed
