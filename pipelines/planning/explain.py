"""The sentences behind a number: every term, with its figure, its unit and where it comes from.

Belongs here: the wording of `why`, from the columns that `policy.plan` keeps. It decides nothing and computes nothing
but the shape of figures (two decimals at most; the tables hold the exact ones).
"""

from __future__ import annotations

import polars as pl

from pipelines.planning.life import HOLDS
from pipelines.planning.safety_stock import is_none_held


def number(value: pl.Expr, decimals: int = 2) -> pl.Expr:
    """A figure as text, without a superfluous `.0`; `unknown` where it is null.

    >>> pl.DataFrame({"x": [20.0, 132.897, None]}).select(number(pl.col("x"))).to_series().to_list()
    ['20', '132.9', 'unknown']
    """
    return value.cast(pl.Float64).round(decimals).cast(pl.String).str.strip_suffix(".0").fill_null("unknown")


def item_why() -> pl.Expr:
    """The sentence of an item at a location: its point, its position, what is not counted, and what follows."""
    return pl.concat_str([_point(), pl.lit(" "), _position(), _below_zero(), _not_counted(), pl.lit(" "), _decision()])


def order_text() -> pl.Expr:
    """What is ordered, from whom, when, and why as many: `order 96 units from S-CUP by …`. Null without an order."""
    kind = pl.col("target_kind")
    demand_cut = pl.format("the economic {} cut to {} days of demand", number(pl.col("economic_order_units")), pl.col("target_days"))
    shelf_cut = pl.format("the economic {} cut to {} days of shelf life", number(pl.col("economic_order_units")), pl.col("target_days"))
    target = (
        pl.when(pl.col("rounding_reason").str.starts_with("need"))
        .then(pl.format("{} needed", "needed_units"))
        .when(kind == "economic")
        .then(pl.format("economic quantity {}", number(pl.col("economic_order_units"))))
        .when(kind == "max_cover")
        .then(demand_cut)
        .when(kind == "shelf_life")
        .then(shelf_cut)
        .otherwise(pl.format("{} days of demand, as costs are unknown", "target_days"))
    )
    minimum = pl.when(pl.col("rounding_reason").str.contains("moq")).then(pl.format(", minimum {}", "moq_units")).otherwise(pl.lit(""))
    packs = pl.when(pl.col("rounding_reason").str.contains("multiple")).then(pl.format(", in {}s", "multiple_units")).otherwise(pl.lit(""))
    reasons = pl.col("rounding_reason").str.split("+")
    last_day = pl.format(", cut to what can be sold until the last day, {}", pl.col("ended_on").cast(pl.String))
    most = pl.format(", at most {} in one order: {} more are left for further orders", "max_units", "left_units")
    over = pl.format(", above the supplier's maximum of {}, which minimum and multiple do not allow", "max_units")
    cut = pl.concat_str(
        *(
            pl.when(reasons.list.contains(code)).then(text).otherwise(pl.lit(""))
            for code, text in (("last_day", last_day), ("max", most), ("over_max", over))
        )
    )
    price = pl.format(", at {} {}", number(pl.col("unit_cost_amount"), 4), pl.col("currency_code")).fill_null(", price unknown")
    others = pl.format(" Also offered by {}.", "other_suppliers").fill_null("")
    order = pl.format("order {} units from {} by {} ({}", "order_units", "supplier_code", pl.col("order_by_on").cast(pl.String), target)
    arrival = pl.format("), expected {}", pl.col("eta_on").cast(pl.String))
    return pl.concat_str([order, minimum, packs, cut, arrival, price, pl.lit("."), others])


def supply_text() -> pl.Expr:
    """An open supply: `20 units of po PO-8 expected 2026-03-16`, and how late it is where it does not count."""
    expected = pl.col("expected_on").cast(pl.String).fill_null("on an unknown day")
    named = pl.col("document_id").fill_null("without a number")
    what = pl.format("{} units of {} {} expected {}", "coming_units", "supply_kind", named, expected)
    late = pl.format(" ({} days late, {} allowed)", (pl.col("as_of_on") - pl.col("expected_on")).dt.total_days(), "grace_days")
    later = pl.format(" (after the {} days covered)", number(pl.col("covered_days")))
    aside = pl.when(pl.col("use_kind") == "overdue").then(late).when(pl.col("use_kind") == "later").then(later).otherwise(pl.lit(""))
    return pl.concat_str([what, aside])


def _point() -> pl.Expr:
    source = pl.col("lead_time_source")
    named = (
        pl.when(source == "receipts")
        .then(pl.format("mean of {} own receipts", "n_receipts_used"))
        .when(source == "supplier")
        .then(pl.format("mean of the supplier's {} receipts", "n_receipts_used"))
        .when(source == "terms")
        .then(pl.lit("the supplier's terms"))
        .otherwise(pl.lit("the policy's default"))
    )
    review = pl.when(pl.col("review_days") > 0).then(pl.format(" + review {} days", "review_days")).otherwise(pl.lit(""))
    demand = pl.format(
        "Reorder at {} units = {} expected in {} days ({} a day; lead time {} days, {}{})",
        number(pl.col("reorder_point_units")),
        number(pl.col("lead_time_demand_units")),
        number(pl.col("covered_days")),
        number(pl.col("demand_units_per_day_mean")),
        number(pl.col("lead_time_days_mean")),
        named,
        review,
    )
    rate = number(pl.col("service_target_rate") * 100)
    held = pl.format(
        " + {} safety stock ({}, {}: {} x {} units for {} % of cycles without stockout).",
        number(pl.col("safety_stock_units")),
        "method",
        "method_reason",
        number(pl.col("service_factor"), 3),
        number(pl.col("lead_time_demand_units_sd")),
        rate,
    )
    none = pl.format(" without safety stock ({}, {}).", "method", "method_reason")
    stock = pl.when(is_none_held(pl.col("method"))).then(none).otherwise(held)
    inherited = pl.format(" Demand is that of {}, which it follows.", "demand_of_item_code").fill_null("")
    unknown = pl.format("Reorder point unknown: {}.", "method_reason")
    return pl.when(pl.col("method").is_null()).then(unknown).otherwise(pl.concat_str([demand, stock, inherited]))


def _position() -> pl.Expr:
    return pl.format(
        "Position {} = {} sellable + {} on order + {} in transit + {} received and not put away - {} reserved - {} backordered.",
        "inventory_position_units",
        "sellable_units",
        "on_order_units",
        "in_transit_units",
        "awaiting_putaway_units",
        "reserved_units",
        "backorder_units",
    )


def _below_zero() -> pl.Expr:
    text = pl.format(" The books stand {} below zero here, which adds 0: count first.", "below_zero_units")
    return pl.when(pl.col("below_zero_units") > 0).then(text).otherwise(pl.lit(""))


def _not_counted() -> pl.Expr:
    return pl.format(" Not counted: {}.", "excluded_supply").fill_null("")


def _decision() -> pl.Expr:
    decision = pl.col("decision")
    has_point = pl.col("reorder_point_units") > 0
    below = pl.when(has_point).then(pl.lit("At or below the point: ")).otherwise(pl.lit("More is promised than covered: "))
    putaway = pl.when(pl.col("awaiting_putaway_units") > 0).then(pl.format("{} units received and not put away", "awaiting_putaway_units"))
    coming = pl.concat_str("useful_supply", putaway, separator=", ", ignore_nulls=True)
    return (
        pl.when(decision == "order")
        .then(pl.concat_str([below, order_text()]))
        .when(decision.is_in(HOLDS))
        .then(_hold())
        .when(decision == "no_terms")
        .then(pl.concat_str([below, pl.lit("no proposal, as no supplier's terms cover this item here.")]))
        .when(decision == "already_ordered")
        .then(pl.format("Already ordered: {}. Nothing more to order.", coming))
        .when(decision == "no_demand")
        .then(pl.lit("No demand, and nothing promised beyond what is there: nothing to order."))
        .when(decision == "unknown")
        .then(pl.lit("Nothing is promised beyond what is there: nothing is proposed."))
        .otherwise(pl.lit("Above the point: nothing to order."))
    )


def _hold() -> pl.Expr:
    """Why an item is not ordered, as in `Not ordered: ended on 2026-11-28`."""
    hold, last, first = pl.col("hold"), pl.col("ended_on").cast(pl.String), pl.col("launched_on").cast(pl.String)
    arrival = pl.format("it would come on {}, after its last day of sale, {}", pl.col("arrival_on").cast(pl.String), last)
    least = pl.format("until its last day of sale, {}, only {} more can be sold, less than the least order", last, "still_sold_units")
    enough = pl.format("what is there and coming lasts until its last day of sale, {}", last)
    what = (
        pl.when(hold == "ended")
        .then(pl.format("ended on {}", last).fill_null("its lifecycle is ended"))
        .when(hold == "phase_out")
        .then(pl.lit("its lifecycle is phase_out"))
        .when(hold == "followed")
        .then(pl.format("{} follows it", "followed_by"))
        .when(hold == "not_launched")
        .then(pl.format("its first day of sale, {}, lies beyond the days that an order covers", first))
        .when(hold == "ends_before_arrival")
        .then(arrival)
        .when(pl.col("still_sold_units") > 0)
        .then(least)
        .otherwise(enough)
    )
    return pl.format("Not ordered: {}.", what)
