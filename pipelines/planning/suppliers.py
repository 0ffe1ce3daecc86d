"""Whose terms an item at a location is ordered on.

Terms for the location go before the same supplier's terms for all locations (`location_id` null). Terms for all
locations hold at every location that has stock, demand or supply, shops included: who is to be supplied through a
warehouse instead has terms for the warehouse only. Transfers between locations are not decided here.
"""

from __future__ import annotations

import polars as pl

KEY = ["item_id", "location_id"]


def with_terms(keys: pl.LazyFrame, terms: pl.LazyFrame, suppliers: pl.LazyFrame) -> pl.LazyFrame:
    """Grain: item x location, as in `keys`, each with the terms of the chosen supplier (null where none covers it).

    Chosen is the first choice by the terms' `priority` (the least; terms without one come last), then the cheapest by
    `unit_cost_amount`, then the quickest by the terms' lead time, then the lower id; an unknown price comes last, and prices
    in different currencies are not compared. `other_suppliers` names the rest
    with their prices, for the planner; null where there is none.
    """
    names = suppliers.select("supplier_id", "supplier_code")
    offers = (
        _offers(keys, terms)
        .join(names, on="supplier_id", how="left")
        .with_columns(
            pl.col("supplier_code").fill_null(pl.col("supplier_id").cast(pl.String))  # a supplier without a name is still an offer
        )
    )
    comparable = pl.when(pl.col("currency_code").n_unique().over(KEY) == 1).then(pl.col("unit_cost_amount"))
    ranked = offers.with_columns(comparable.alias("_cost"), pl.len().over(KEY).alias("_n_offers")).sort(
        *KEY, "terms_priority", "_cost", "terms_lead_time_days", "supplier_id", nulls_last=True
    )
    best = ranked.unique(KEY, keep="first", maintain_order=True).drop("_cost", "_n_offers")
    price = pl.concat_str("unit_cost_amount", "currency_code", separator=" ", ignore_nulls=False).fill_null("an unknown price")
    others = (
        ranked.filter(pl.col("_n_offers") > 1)
        .select(*KEY, pl.format("{} at {}", "supplier_code", price).alias("offer"))
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("offer").slice(1).str.join(", ").alias("other_suppliers"))
    )
    return keys.join(best, on=KEY, how="left", maintain_order="left").join(others, on=KEY, how="left", maintain_order="left")


def _offers(keys: pl.LazyFrame, terms: pl.LazyFrame) -> pl.LazyFrame:
    """Grain: item x location x supplier: the terms that hold there, the location's own before those for all."""
    terms = terms.rename({"lead_time_days": "terms_lead_time_days", "priority": "terms_priority"})
    own = keys.select(KEY).join(terms.filter(pl.col("location_id").is_not_null()), on=KEY, how="inner")
    everywhere = keys.select(KEY).join(terms.filter(pl.col("location_id").is_null()).drop("location_id"), on="item_id", how="inner")
    return pl.concat([own, everywhere.join(own, on=[*KEY, "supplier_id"], how="anti")], how="diagonal")
