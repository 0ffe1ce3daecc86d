with variance as (
    {{ demand_variance(as_of_day(), ref('int_demand__sums')) }}
)

select * from variance
