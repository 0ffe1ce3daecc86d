"""Lead time: from the order to the goods on the shelf, in calendar days, and where the figure comes from.

Demand runs on calendar days, so lead times do too; a supplier's working days are a matter of its calendar.
"""

from __future__ import annotations

import polars as pl

from pipelines.planning.demand import known_or_null

SOURCES = ("receipts", "supplier", "terms", "policy")
"""The rungs: own receipts, all receipts of the supplier, the supplier's terms, the policy's default."""


def pooled_mean(n_receipts: pl.Expr, lead_time_days_mean: pl.Expr) -> pl.Expr:
    """Mean lead time over groups of receipts, each receipt with the same weight (an aggregate: use it in a group).

    M = sum(n_i * m_i) / sum(n_i)      n_i: receipts   m_i, M: calendar days
    Groups without a mean are left out; null where nothing is left.

    >>> df = pl.DataFrame({"n": [1, 3], "m": [8.0, 4.0]})
    >>> df.select(pooled_mean(pl.col("n"), pl.col("m"))).item()
    5.0
    """
    counted = pl.when(lead_time_days_mean.is_not_null()).then(n_receipts)
    return pl.when(counted.sum() > 0).then((counted * lead_time_days_mean).sum() / counted.sum())


def pooled_sd(n_receipts: pl.Expr, lead_time_days_mean: pl.Expr, lead_time_days_sd: pl.Expr) -> pl.Expr:
    """Standard deviation (n - 1) of all receipts of all groups together (an aggregate: use it in a group).

    s**2 = (sum((n_i - 1) * s_i**2) + sum(n_i * (m_i - M)**2)) / (N - 1)      n_i, N: receipts   m_i, s_i, M, s: calendar days
    A group of one receipt has no deviation of its own and adds only its distance from the mean. Null where N < 2.
    Source: the law of total variance, with the n - 1 of a sample.

    >>> df = pl.DataFrame({"n": [2, 2], "m": [4.0, 8.0], "s": [2**0.5, 2**0.5]})   # receipts 3, 5, 7, 9
    >>> df.select(pooled_sd(pl.col("n"), pl.col("m"), pl.col("s")).round(6).alias("s")).item()
    2.581989
    """
    counted = pl.when(lead_time_days_mean.is_not_null()).then(n_receipts)
    # 0 stands for the missing deviation of a single receipt, whose weight n - 1 is 0 anyway.
    within = ((counted - 1) * lead_time_days_sd.fill_null(0.0) ** 2).sum()
    between = (counted * (lead_time_days_mean - pooled_mean(n_receipts, lead_time_days_mean)) ** 2).sum()
    return pl.when(counted.sum() > 1).then(((within + between) / (counted.sum() - 1)).sqrt())


def source(n_receipts: pl.Expr, n_supplier_receipts: pl.Expr, min_receipts: pl.Expr, terms_days: pl.Expr) -> pl.Expr:
    """The first rung of the ladder that holds: one of `SOURCES`.

    `receipts` from `min_receipts` own receipts of supplier, item and location, `supplier` from as many of the supplier
    at all, `terms` where it states days, else `policy`. Counts that are null are 0: nothing was received.

    >>> df = pl.DataFrame({"n": [5, 4, None, None], "N": [9, 9, 4, None], "k": [5] * 4, "t": [7, 7, 7, None]})
    >>> df.select(source(*map(pl.col, df.columns))).to_series().to_list()
    ['receipts', 'supplier', 'terms', 'policy']
    """
    return (
        pl.when(n_receipts.fill_null(0) >= min_receipts)
        .then(pl.lit("receipts"))
        .when(n_supplier_receipts.fill_null(0) >= min_receipts)
        .then(pl.lit("supplier"))
        .when(known_or_null(terms_days).is_not_null())
        .then(pl.lit("terms"))
        .otherwise(pl.lit("policy"))
    )


def on_rung(source: pl.Expr, receipts: pl.Expr, supplier: pl.Expr, terms: pl.Expr, policy: pl.Expr) -> pl.Expr:
    """The figure that belongs to the chosen rung; use it for the mean and for the deviation alike.

    A promise (`terms`, `policy`) has no deviation: pass null for it. Unit: that of the figures (calendar days).

    >>> df = pl.DataFrame({"s": ["supplier", "terms"], "a": [4.0, None], "b": [6.0, None], "c": [7, 7], "d": [9, 9]})
    >>> df.select(on_rung(*map(pl.col, df.columns))).to_series().to_list()
    [6.0, 7.0]
    """
    rungs = {"receipts": receipts, "supplier": supplier, "terms": terms, "policy": policy}
    return pl.coalesce([pl.when(source == name).then(figure.cast(pl.Float64)) for name, figure in rungs.items()])
