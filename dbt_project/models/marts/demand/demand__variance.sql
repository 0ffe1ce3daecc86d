with variance as (
    {{ demand_variance(last_whole_day('(select pin.as_of_at from ledger.pin as pin)'), ref('int_demand__sums')) }}
)

select * from variance
