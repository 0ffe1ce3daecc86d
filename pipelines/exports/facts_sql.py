"""The questions that the brief asks the published tables.

Belongs here: SQL text that counts, adds up and looks up. Does not belong here: running it (`facts`).
"""

from __future__ import annotations

from typing import Final

from pipelines.alerts.codes import SEVERITIES
from pipelines.planning.life import ENDS

FEEDS: Final = "select feed, max(first_known_at) as last_seen_at from ops.deliveries group by feed"

# --- what changed

STOCK_VALUE: Final = """
select case when i.unit_cost_amount is not null then i.currency_code end as currency_code,
    cast(sum(s.on_hand_units) as bigint) as units,
    cast(coalesce(sum(s.on_hand_units) filter (i.unit_cost_amount is null), 0) as bigint) as uncosted_units,
    -- Goods that others own are counted, not valued.
    cast(sum(s.on_hand_units * i.unit_cost_amount) filter (s.owner_id = 0) as decimal(28, 4)) as value_amount
from stock.on_hand s left join core.dim_item i using (item_id)
group by 1 order by 1 nulls last"""

STOCK_CHANGE: Final = """
select case when i.unit_cost_amount is not null then i.currency_code end as currency_code,
    cast(sum(d.closing_units - d.opening_units) as bigint) as units_change,
    cast(sum((d.closing_units - d.opening_units) * i.unit_cost_amount) as decimal(28, 4)) as value_change
from stock.daily d left join core.dim_item i using (item_id)
where d.stock_on = ?
group by 1 order by 1 nulls last"""

NEWEST_STOCK_DAY: Final = "select max(stock_on) from stock.daily"

STOCK_DAYS: Final = """
with changes as (select stock_on, sum(closing_units - opening_units) as units from stock.daily group by stock_on),
levels as (select stock_on, sum(units) over (order by stock_on) as units from changes),
days as (select cast(unnest(generate_series(cast($1 as timestamp), cast($2 as timestamp), interval 1 day)) as date) as stock_on)
-- Days without a movement stand at the level before them.
select days.stock_on, cast(levels.units as bigint) from days asof join levels using (stock_on) order by 1"""

DEMAND_OF_DAY: Final = """
with asked as (from demand.daily where demand_on = ? and gross_units > 0),
-- A row may have amounts of several currencies; its units are of none of them then.
amounts as (
    select amount.key as currency_code, sum(amount.value) as amount from (select unnest(map_entries(gross_amounts)) as amount from asked) group by 1),
units as (select currency_code, sum(gross_units) as units from asked group by currency_code)
select currency_code, cast(coalesce(units.units, 0) as bigint) as units, cast(amounts.amount as decimal(28, 4)) as amount
from units full join amounts using (currency_code) order by 1 nulls last"""

DEMAND_USUAL: Final = """
with days as (select unnest([$1, $2, $3, $4]::date[]) as demand_on),
known as (select demand_on from days where demand_on >= (select min(demand_on) from demand.daily))
select (select count(*) from known) as weeks,
    (select cast(sum(gross_units) as bigint) from demand.daily where demand_on in (select demand_on from known)) as units"""

DEMAND_DAYS: Final = """
with days as (select cast(unnest(generate_series(cast($1 as timestamp), cast($2 as timestamp), interval 1 day)) as date) as demand_on),
asked as (select demand_on, sum(gross_units) as units from demand.daily where demand_on between $1 and $2 group by demand_on)
select days.demand_on, cast(coalesce(asked.units, 0) as bigint) from days left join asked using (demand_on)
where exists (from asked) order by 1"""

_PLANS: Final = """
with latest as (select * from plan.runs where is_latest),
-- The last plan of an earlier day; in a home that has none, the last one of an earlier hour.
previous as (
    select r.* from plan.runs r, latest where r.as_of_at < latest.as_of_at
    order by r.as_of_on < latest.as_of_on desc, r.as_of_at desc, r.commit_id desc limit 1),
now_open as (select distinct item_id, location_id from plan.reorder_proposals where order_units > 0 and run_id in (select run_id from latest)),
then_open as (select distinct item_id, location_id from plan.reorder_proposals where order_units > 0 and run_id in (select run_id from previous))
"""

PLAN_CHANGE: Final = f"""{_PLANS}
select (select as_of_on from previous) as previous_on,
    (select count(*) from now_open anti join then_open using (item_id, location_id)) as new,
    (select count(*) from then_open anti join now_open using (item_id, location_id)) as resolved
from latest"""

NEW_ORDERS: Final = f"""{_PLANS}
select i.item_code, i.item_name, l.location_code, p.order_units, v.supplier_code, p.eta_on
from plan.reorder_proposals p join latest on p.run_id = latest.run_id
join (from now_open anti join then_open using (item_id, location_id)) fresh on p.item_id = fresh.item_id and p.location_id = fresh.location_id
join core.dim_item i on i.item_id = p.item_id join core.dim_location l on l.location_id = p.location_id
left join core.dim_supplier v on v.supplier_id = p.supplier_id
where p.order_units > 0 order by p.priority_rank nulls last, p.proposal_id limit 5"""

# --- what is short

SUPPLY: Final = """
    select item_id, location_id,
        min(coalesce(promised_on, due_on)) filter (coalesce(promised_on, due_on) >= (select as_of_on from plan.runs where is_latest)) as next_on
    from plan.open_supply_as_of(timestamptz '{at}') where open_units > 0 group by all"""
NO_SUPPLY: Final = "select null::bigint as item_id, null::bigint as location_id, null::date as next_on where false"

# Of this connection alone: both lists below are cut from it.
PLANNED: Final = f"""
create temp table planned as
with supply as ({{supply}}),
orders as (
    select item_id, location_id, cast(sum(order_units) as bigint) as order_units, min(eta_on) as eta_on
    from plan.reorder_proposals where is_latest_run and order_units > 0 group by all),
known as (
    select r.item_id, r.location_id, r.supplier_id, r.sellable_units, r.excluded_supply_units, r.reorder_point_units, r.is_at_reorder_point,
        r.on_order_units + r.in_transit_units + coalesce(r.awaiting_putaway_units, 0) as coming_units, s.demand_units_per_day_mean, s.lead_time_days_mean,
        r.sellable_units - r.reserved_units - r.backorder_units as free_units
    from plan.reorder_points r join plan.safety_stock s using (item_id, location_id)
    -- What is no longer ordered is meant to run out.
    where s.demand_units_per_day_mean > 0 and coalesce(r.decision not in {ENDS}, true))
select known.*, orders.order_units, orders.eta_on, supply.next_on,
    -- As planning ranks proposals: what is free on hand over mean demand.
    greatest(known.free_units, 0) / known.demand_units_per_day_mean as days_left
from known left join orders using (item_id, location_id) left join supply using (item_id, location_id)"""

# Nothing is free to sell: there is none, or all of it is promised.
IS_OUT: Final = "free_units <= 0"
IS_SOON: Final = "free_units > 0 and days_left < lead_time_days_mean"

SHORT_COUNTS: Final = """
select count(*) as count, count(order_units) as ordered, count(*) filter (order_units is null and coming_units > 0) as coming
from planned where {condition}"""

SHORT_ROWS: Final = """
select i.item_code, i.item_name, l.location_code, v.supplier_code, planned.* exclude (item_id, location_id, supplier_id, days_left),
    cast(days_left as decimal(18, 1)) as days_left
from planned join core.dim_item i using (item_id) join core.dim_location l using (location_id) left join core.dim_supplier v using (supplier_id)
where {condition} order by {order}, item_code, location_code limit {limit}"""

# --- what the data lacks

SET_ASIDE: Final = """
select feed, reason_code, count(*) filter (is_waiting) as waiting, count(*) filter (not is_waiting) as refused, min(reason) as example
from ops.quarantine group by feed, reason_code order by count(*) desc, feed, reason_code"""

WITHOUT_TERMS: Final = f"""
with wanted as (select * from plan.reorder_points where coalesce(decision not in {ENDS}, true))
select count(*) filter (supplier_id is null and is_at_reorder_point) as no_terms,
    count(*) filter (supplier_id is null and is_at_reorder_point and sellable_units - reserved_units - backorder_units <= 0) as no_terms_out,
    count(*) filter (reorder_point_units is null) as no_point
from wanted"""

GATE_COLUMNS: Final = ("gate_run_id", "gate_kind", "subject", "is_blocked")
GATE_RESULT_COLUMNS: Final = ("gate_run_id", "rule_code", "severity", "is_met", "rows_failed", "what")
GATES: Final = """
select g.gate_kind, g.subject, g.is_blocked, r.severity, list(r.rule_code order by r.rule_code) as rules, list(r.what order by r.rule_code) as what,
    cast(sum(r.rows_failed) as bigint) as rows_failed
from ops.gates g join ops.gate_results r using (gate_run_id)
where not r.is_met
group by all order by g.is_blocked desc, r.severity, g.gate_kind, g.subject"""

# --- targets and alerts

KPI_COLUMNS: Final = (
    "kpi_code",
    "period_kind",
    "grain_kind",
    "value",
    "target_value",
    "status",
    "unit",
    "currency_code",
    "recommended_action",
    "is_complete",
)
KPIS: Final = """
with finished as (
    select * from kpi.values
    where target_value is not null and grain_kind = 'all' and is_complete
    -- The newest finished period that has a value; of those that end together, the shortest.
    qualify row_number() over (
        partition by kpi_code, currency_code order by value is null, period_end_on desc, period_start_on desc) = 1)
select v.kpi_code, d.kpi_name as name_en, d.kpi_name_fr as name_fr, v.period_start_on, v.period_end_on, v.value, v.target_operator, v.target_value,
    v.status, coalesce(v.unit, d.unit) as unit, v.currency_code, v.recommended_action
from finished v left join kpi.definitions d using (kpi_code)
order by v.status = 'missed' desc, v.status = 'met' desc, v.kpi_code, v.currency_code"""

ALERT_COLUMNS: Final = (
    "alert_id",
    "alert_code",
    "severity",
    "state",
    "first_seen_at",
    "what",
    "item_code",
    "location_code",
    "channel_code",
    "figures",
)
ALERTS: Final = f"""
select alert_code, severity, count(*) as n_open, count(*) filter (first_seen_at > ?) as n_new,
    unnest(arg_min({{'what': what, 'item': item_code, 'location': location_code, 'channel': channel_code, 'figures': figures}}, (first_seen_at, alert_id)))
from ops.alerts where state = 'open' group by alert_code, severity
order by list_position({list(SEVERITIES)}, severity), count(*) desc, alert_code"""
