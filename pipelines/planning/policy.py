"""The policy over frames: from what is known of an item at a location to what to hold and what to order.

Grain of the result: item x location with stock, demand or supply; every term stays a column, because the sentences of
`explain` and the tables are made of them. Null means unknown and says why; 0 means none. Formulas live in the modules
of their quantities; this one decides which of them hold.
"""

from __future__ import annotations

import dataclasses
from datetime import date

import polars as pl

from pipelines.planning import demand, lead_time, life, order_quantity, position, reorder_point, safety_stock, service_level, succession
from pipelines.planning.explain import item_why, supply_text
from pipelines.planning.inputs import Inputs
from pipelines.planning.proposals import proposals
from pipelines.planning.rules import Policy, settings_in_force, with_settings
from pipelines.planning.suppliers import KEY, with_terms
from pipelines.planning.workdays import with_days

_COUNTED_HERE = ("sellable_units", "awaiting_putaway_units", "below_zero_units", "reserved_units", "backorder_units")
_NEVER_STOCKED = ("bundle", "service")  # their lines count as their components, or as nothing


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run found.

    `items`: item x location with every term. `proposals`: item x location x supplier, ranked, only what is to be ordered.
    `supply`: document line still to come, with its use. `settings`: settings_no x setting, as far as an item has the number.
    """

    items: pl.DataFrame
    proposals: pl.DataFrame
    supply: pl.DataFrame
    settings: pl.DataFrame


def plan(inputs: Inputs, policy: Policy, as_of_on: date) -> Plan:
    """Plan every item at every location that has stock, demand or supply, from what the inputs say as of the day.

    Proposals are made where the inventory position is at or below the reorder point (or below 0) and somebody's terms
    cover the item there. The rows do not depend on the order of the inputs' rows.
    """
    items = _keys(inputs)
    items = with_terms(items, inputs.terms.lazy(), inputs.suppliers.lazy())
    items = _with_order_cost(with_settings(items, policy))
    items = _with_lead_time(items, inputs.lead_times.lazy())
    items = _with_demand(items)
    items = _with_point(items)
    # Collected once: both the lines of supply and the rest of the plan stand on it.
    known = with_days(items.with_columns(pl.lit(as_of_on).alias("as_of_on")).collect(), inputs.supplier_terms, inputs.closed_days)
    items = known.lazy()
    lines = _supply_lines(items, inputs.supply.lazy()).collect()
    items = _with_order(_with_target(_with_hold(_with_position(items, lines.lazy()))))
    has_order = pl.col("order_units").is_not_null()
    units = ("inventory_position_units", "free_units", "reorder_point_units")
    follows = reorder_point.decision(has_order, pl.col("hold"), *map(pl.col, units))
    planned = items.with_columns(follows.alias("decision")).with_columns(item_why().alias("why")).collect()
    return Plan(planned, proposals(planned), lines, settings_in_force(policy, planned["settings_no"].unique().to_list()))


def _keys(inputs: Inputs) -> pl.LazyFrame:
    """Item x location with stock, demand or supply, with what is known of each and the names that rules match."""
    wanted = succession.with_inherited(inputs.demand, inputs.successions).lazy()
    everywhere = pl.concat([frame.select(KEY) for frame in (inputs.position.lazy(), wanted, inputs.supply.lazy())])
    keys = everywhere.drop_nulls().unique().sort(KEY)  # goods on their way to an unknown place are in nobody's position
    names = inputs.items.lazy().select(pl.col("item_id").alias("demand_of_item_id"), pl.col("item_code").alias("demand_of_item_code"))
    followed = succession.followers(inputs.successions, inputs.items).lazy()
    return (
        keys.join(wanted, on=KEY, how="left", maintain_order="left")
        .join(names, on="demand_of_item_id", how="left", maintain_order="left")
        .join(followed, on="item_id", how="left", maintain_order="left")
        .join(inputs.position.lazy(), on=KEY, how="left", maintain_order="left")
        .join(inputs.items.lazy(), on="item_id", how="left", maintain_order="left")
        .join(inputs.locations.lazy(), on="location_id", how="left", maintain_order="left")
        .filter(~pl.col("item_kind").is_in(_NEVER_STOCKED).fill_null(False))  # an item of unknown kind is planned
        # The ledger is complete: no row in the position is no unit and no promise, not an unknown number of them.
        .with_columns(pl.col(_COUNTED_HERE).fill_null(0))
    )


def _with_order_cost(items: pl.LazyFrame) -> pl.LazyFrame:
    """The order cost of the terms, else the policy's where it is in the terms' currency, else unknown."""
    of_policy = pl.when(pl.col("policy_currency_code") == pl.col("currency_code")).then(pl.col("policy_order_cost_amount"))
    return items.with_columns(pl.coalesce(pl.col("order_cost_amount").cast(pl.Float64), of_policy).alias("order_cost_amount"))


def _with_lead_time(items: pl.LazyFrame, lead_times: pl.LazyFrame) -> pl.LazyFrame:
    """Adds the lead time by the ladder, its source and receipts, and the days an order must cover."""
    # A row without receipts or with an impossible mean says nothing about the supplier.
    is_usable = demand.known_or_null(pl.col("lead_time_days_mean")).is_not_null()
    lead_times = lead_times.filter((pl.col("n_receipts") > 0) & is_usable)
    receipts = [pl.col(name) for name in ("n_receipts", "lead_time_days_mean", "lead_time_days_sd")]
    pooled = lead_times.group_by("supplier_id").agg(
        pl.col("n_receipts").sum().alias("_n_pooled"),
        lead_time.pooled_mean(*receipts[:2]).alias("_mean_pooled"),
        lead_time.pooled_sd(*receipts).alias("_sd_pooled"),
    )
    own = lead_times.select("supplier_id", *KEY, *(column.name.prefix("_own_") for column in receipts))
    joined = items.join(own, on=["supplier_id", *KEY], how="left", maintain_order="left").join(
        pooled, on="supplier_id", how="left", maintain_order="left"
    )
    source = lead_time.source(pl.col("_own_n_receipts"), pl.col("_n_pooled"), pl.col("min_receipts"), pl.col("terms_lead_time_days"))
    rung = pl.col("lead_time_source")
    nothing = pl.lit(None, pl.Float64)
    mean = lead_time.on_rung(
        rung, pl.col("_own_lead_time_days_mean"), pl.col("_mean_pooled"), pl.col("terms_lead_time_days"), pl.col("default_lead_time_days")
    )
    deviation = lead_time.on_rung(rung, pl.col("_own_lead_time_days_sd"), pl.col("_sd_pooled"), nothing, nothing)
    n_used = lead_time.on_rung(rung, pl.col("_own_n_receipts"), pl.col("_n_pooled"), nothing, nothing)
    return (
        joined.with_columns(source.alias("lead_time_source"))
        .with_columns(
            # Rounded as the table keeps them: a mean of 5.0000000001 days must not arrive a day later.
            demand.known_or_null(mean).round(6).alias("lead_time_days_mean"),
            demand.known_or_null(deviation).round(6).alias("lead_time_days_sd"),
            n_used.cast(pl.Int64).alias("n_receipts_used"),
            # No receipt is none, not an unknown number of them.
            pl.col("_own_n_receipts").fill_null(0).alias("n_own_receipts"),
            pl.col("_n_pooled").fill_null(0).alias("n_supplier_receipts"),
        )
        .with_columns((pl.col("lead_time_days_mean") + pl.col("review_days")).alias("covered_days"))
    )


def _with_demand(items: pl.LazyFrame) -> pl.LazyFrame:
    """Adds demand per day, rounded as the table keeps it.

    Where too few days could be seen, its deviation is unknown, and that nothing was asked for says nothing.
    """
    enough = (pl.col("n_valid_days") >= pl.col("min_valid_days")).fill_null(False)
    mean = demand.known_or_null(pl.col("demand_units_mean")).round(6)
    return items.with_columns(
        pl.when(enough | (mean > 0)).then(mean).alias("demand_units_per_day_mean"),
        pl.when(enough).then(demand.known_or_null(pl.col("demand_units_sd")).round(6)).alias("demand_units_per_day_sd"),
    )


def _with_point(items: pl.LazyFrame) -> pl.LazyFrame:
    """Adds method, safety stock and reorder point, each rounded as the tables keep it, so that the sums there are exact."""
    daily, daily_sd = pl.col("demand_units_per_day_mean"), pl.col("demand_units_per_day_sd")
    covered, days_sd = pl.col("covered_days"), pl.col("lead_time_days_sd")
    method, wanted = pl.col("method"), pl.col("wanted_method")
    reason = safety_stock.reason(
        method, wanted, days_sd, pl.col("n_valid_days"), pl.col("n_receipts_used"), pl.col("min_receipts"), pl.col("demand_class")
    )
    stock = safety_stock.held_units(method, wanted, pl.col("service_factor"), pl.col("lead_time_demand_units_sd"))
    # Where none is held the point is the demand alone, whether the safety stock is none or unknown.
    added = pl.when(safety_stock.is_none_held(method)).then(0.0).otherwise(pl.col("safety_stock_units"))
    return (
        items.with_columns(
            method.alias("wanted_method"),
            safety_stock.method(method, daily, daily_sd, days_sd, pl.col("demand_class")).alias("method"),
            service_level.service_factor(pl.col("service_target_rate")).alias("service_factor"),
            demand.lead_time_demand_units(daily, covered).round(4).alias("lead_time_demand_units"),
            reorder_point.reorder_point_units(demand.lead_time_demand_units(daily, pl.col("lead_time_days_mean")), pl.lit(0.0))
            .round(4)
            .alias("simple_reorder_point_units"),
        )
        .with_columns(
            reason.alias("method_reason"), safety_stock.spread(method, daily, daily_sd, covered, days_sd).alias("lead_time_demand_units_sd")
        )
        .with_columns(stock.round(4).alias("safety_stock_units"))
        .with_columns(reorder_point.reorder_point_units(pl.col("lead_time_demand_units"), added).round(4).alias("reorder_point_units"))
    )


def _supply_lines(items: pl.LazyFrame, supply: pl.LazyFrame) -> pl.LazyFrame:
    """Grain: document line that something is still to come on, with the day it is expected, its grace, and whether it counts."""
    per_item = items.select(*KEY, "as_of_on", "lead_time_days_mean", "covered_days", "po_grace_days", "transit_grace_days")
    expected = position.expected_on(pl.col("promised_on"), pl.col("due_on"), pl.col("ordered_at").dt.date(), pl.col("lead_time_days_mean"))
    grace = pl.when(pl.col("supply_kind") == "po").then(pl.col("po_grace_days")).otherwise(pl.col("transit_grace_days"))
    use = position.use(pl.col("supply_kind"), pl.col("expected_on"), pl.col("as_of_on"), pl.col("covered_days"), pl.col("grace_days"))
    return (
        supply.filter(pl.col("open_units") > 0)
        .join(per_item, on=KEY, how="inner")
        .with_columns(expected.alias("expected_on"), grace.alias("grace_days"))
        .with_columns(use.alias("use_kind"))
        .sort(*KEY, "expected_on", "supply_kind", "document_id", "document_line", nulls_last=True)
        .rename({"open_units": "coming_units"})
    )


def _with_position(items: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Adds what is useful of the open supply, what is not counted, the free stock and the inventory position."""
    useful, is_po = pl.col("use_kind") == "useful", pl.col("supply_kind") == "po"
    units, text = pl.col("coming_units"), supply_text()
    sums = {
        "on_order_units": units.filter(useful & is_po).sum(),
        "in_transit_units": units.filter(useful & ~is_po).sum(),
        "excluded_supply_units": units.filter(~useful).sum(),
    }
    per_key = lines.group_by(KEY, maintain_order=True).agg(
        *(total.alias(name) for name, total in sums.items()),
        _listed(text.filter(useful)).alias("useful_supply"),
        _listed(text.filter(~useful)).alias("excluded_supply"),
    )
    terms = ("sellable_units", "on_order_units", "in_transit_units", "awaiting_putaway_units", "reserved_units", "backorder_units")
    on_hand = ("sellable_units", "reserved_units", "backorder_units")
    return (
        items.join(per_key, on=KEY, how="left", maintain_order="left")
        .with_columns(pl.col(*sums).fill_null(0))  # no open document: nothing is coming
        .with_columns(
            position.inventory_position_units(*map(pl.col, terms)).alias("inventory_position_units"),
            position.free_units(*map(pl.col, on_hand)).alias("free_units"),
        )
    )


def _listed(texts: pl.Expr, shown: int = 3) -> pl.Expr:
    """The first few texts of a group and how many more there are; null where there is none."""
    more = pl.when(texts.len() > shown).then(pl.format(" and {} more", texts.len() - shown)).otherwise(pl.lit(""))
    return pl.when(texts.len() > 0).then(pl.concat_str(texts.head(shown).str.join(", "), more))


def _with_hold(items: pl.LazyFrame) -> pl.LazyFrame:
    """Adds whether the point is reached, why nothing is ordered all the same (`hold`, null: nothing is in the way), and whether it is."""
    columns = ("lifecycle", "launched_on", "ended_on", "followed_by", "as_of_on", "covered_days", "arrival_on")
    ip, point = pl.col("inventory_position_units"), pl.col("reorder_point_units")
    return items.with_columns(
        reorder_point.is_reached(ip, point).alias("is_reached"), life.hold(*map(pl.col, columns)).alias("hold")
    ).with_columns((pl.col("is_reached") & pl.col("hold").is_null() & pl.col("supplier_id").is_not_null()).alias("is_ordered"))


def _with_target(items: pl.LazyFrame) -> pl.LazyFrame:
    """Adds the economic quantity, what an order aims at, and (only where one is made) what it needs at least."""
    daily, ip, point = pl.col("demand_units_per_day_mean"), pl.col("inventory_position_units"), pl.col("reorder_point_units")
    holding = pl.col("unit_cost_amount").cast(pl.Float64) * pl.col("holding_cost_rate")
    economic = order_quantity.economic_order_units(daily * order_quantity.DAYS_PER_YEAR, pl.col("order_cost_amount"), holding)
    eoq, free = pl.col("economic_order_units"), pl.col("free_units")
    shelf, longest = pl.col("shelf_life_days"), pl.col("max_cover_days")
    cover = pl.when(free <= 0).then(0.0).when(daily > 0).then(free / daily)
    return (
        items.with_columns(
            economic.alias("economic_order_units"),
            (point - ip).round(4).alias("deficit_units"),
            cover.alias("cover_days_left"),
            pl.when("is_ordered").then(reorder_point.needed_units(ip, point)).alias("needed_units"),
        )
        .with_columns(order_quantity.target_kind(eoq, daily, shelf, longest).alias("target_kind"))
        .with_columns(order_quantity.target_days(pl.col("target_kind"), shelf, longest, pl.col("cover_days")).alias("target_days"))
        .with_columns(order_quantity.target_units(eoq, daily, pl.col("target_days")).alias("target_units"))
    )


def _with_order(items: pl.LazyFrame) -> pl.LazyFrame:
    """Adds the order, what cut it and how much is left for others, and its days; all null where nothing is ordered.

    What is left of a last day of sale holds an order up (`hold`) that would be less than the least one.
    """
    moq, multiple, most = pl.col("moq_units"), pl.col("multiple_units"), pl.col("max_units")
    need, target, eoq = pl.col("needed_units"), pl.col("target_units"), pl.col("economic_order_units")
    unlimited, wanted, order = pl.col("unlimited_units"), pl.col("wanted_units"), pl.col("order_units")
    sold = life.still_sold_units(*map(pl.col, ("demand_units_per_day_mean", "ended_on", "as_of_on", "inventory_position_units")))
    rounding = order_quantity.rounding_reason(unlimited, pl.col("unpacked_units"), need, target, pl.col("target_kind"), moq)
    return (
        items.with_columns(
            order_quantity.order_units(need, target, eoq, moq, multiple).alias("unlimited_units"),
            order_quantity.order_units(need, target, eoq, moq, pl.lit(1)).alias("unpacked_units"),
            sold.alias("still_sold_units"),
        )
        .with_columns(order_quantity.cut_units(unlimited, pl.col("still_sold_units"), moq, multiple).alias("wanted_units"))
        .with_columns(
            # The horizontal minimum passes over a missing maximum.
            pl.when(wanted.is_not_null())
            .then(pl.min_horizontal(wanted, order_quantity.largest_units(most, moq, multiple)))
            .alias("order_units"),
            pl.when(unlimited.is_not_null() & wanted.is_null()).then(pl.lit("ends_soon")).otherwise(pl.col("hold")).alias("hold"),
        )
        .with_columns(
            (wanted - order).alias("left_units"),
            pl.concat_str(rounding, order_quantity.limit_reason(order, wanted, unlimited, most)).alias("rounding_reason"),
            # The point is where ordering still keeps the service: once it is reached, the first day on which one can order is the day.
            pl.when(order.is_not_null()).then(pl.col("first_order_on")).alias("order_by_on"),
            pl.when(order.is_not_null()).then(pl.col("arrival_on")).alias("eta_on"),
            pl.when(order.is_not_null()).then(need).alias("needed_units"),
        )
    )
