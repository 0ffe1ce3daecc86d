"""How fast item-locations are planned: `python tests/bench/bench_planning.py [item-locations]` (default 200,000).

Prints item-locations a second of the closed forms (safety stock, point, economic quantity, trigger) as a ratio to a plain
Python loop over the same on a sample, timed in the same run, and of the whole policy (joins, decisions, sentences).
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable
from datetime import date
from statistics import NormalDist

import numpy as np
import polars as pl

from pipelines.planning import demand, order_quantity, reorder_point, safety_stock, service_level
from pipelines.planning.inputs import Inputs
from pipelines.planning.policy import plan
from pipelines.planning.rules import Policy

AS_OF_ON = date(2026, 3, 8)
SAMPLE = 20_000


def world(n: int) -> Inputs:
    """Item-locations of 20 locations, a quarter of them with an open purchase order; the same for every run."""
    rng = np.random.default_rng(7)
    item, location = np.arange(n) // 20, np.arange(n) % 20
    mean = rng.lognormal(0, 1, n)
    keys = {"item_id": item, "location_id": location}
    items = np.unique(item)
    ordered = rng.choice(n, n // 4, replace=False)
    return Inputs.from_frames(
        demand=pl.DataFrame(
            {
                **keys,
                "demand_units_mean": mean,
                "demand_units_sd": mean * rng.uniform(0.3, 2, n),
                "demand_class": rng.choice(["smooth", "erratic", "intermittent", "lumpy"], n),
                "n_valid_days": np.full(n, 300),
            }
        ),
        position=pl.DataFrame(
            {**keys, "sellable_units": rng.integers(0, 60, n), "reserved_units": rng.integers(0, 5, n), "backorder_units": np.zeros(n, int)}
        ),
        supply=pl.DataFrame(
            {
                "item_id": item[ordered],
                "location_id": location[ordered],
                "supply_kind": ["po"] * len(ordered),
                "document_id": [f"PO-{k}" for k in range(len(ordered))],
                "open_units": rng.integers(1, 90, len(ordered)),
                "promised_on": [date(2026, 3, 10)] * len(ordered),
            }
        ),
        lead_times=pl.DataFrame(
            {
                "supplier_id": item % 50,
                **keys,
                "n_receipts": rng.integers(0, 12, n),
                "lead_time_days_mean": rng.uniform(2, 20, n),
                "lead_time_days_sd": rng.uniform(0, 4, n),
            }
        ),
        terms=pl.DataFrame(
            {
                "supplier_id": items % 50,
                "item_id": items,
                "lead_time_days": items % 13 + 2,
                "moq_units": items % 24,
                "multiple_units": items % 12,
                "unit_cost_amount": [f"{k % 37 + 1}.25" for k in items],
                "currency_code": ["EUR"] * len(items),
                "order_cost_amount": ["25"] * len(items),
            }
        ),
    )


def closed_forms_in_a_loop(inputs: Inputs, n: int) -> int:
    """Combined safety stock, point and economic quantity, one item-location after the other. Returns how many reached the point."""
    reached = 0
    rows = inputs.demand.head(n).rows()
    for (_, _, mean, sd, *_), (_, _, sellable, reserved, backorder) in zip(rows, inputs.position.head(n).rows(), strict=True):
        point = mean * 7 + NormalDist().inv_cdf(0.95) * math.sqrt(7 * sd**2 + mean**2 * 2**2)
        math.sqrt(2 * mean * 365 * 25 / 0.7)
        reached += sellable - reserved - backorder <= point
    return reached


def closed_forms(inputs: Inputs) -> int:
    """The same as expressions over all rows. Returns how many reached the point."""
    daily, sd = pl.col("demand_units_mean"), pl.col("demand_units_sd")
    days, days_sd = pl.lit(7.0), pl.lit(2.0)
    stock = safety_stock.safety_stock_units(service_level.service_factor(pl.lit(0.95)), daily, sd, days, days_sd)
    planned = inputs.demand.with_columns(inputs.position.select("sellable_units", "reserved_units", "backorder_units")).select(
        order_quantity.economic_order_units(daily * 365, pl.lit(25), pl.lit(0.7)).alias("economic"),
        reorder_point.is_reached(
            pl.col("sellable_units") - pl.col("reserved_units") - pl.col("backorder_units"),
            reorder_point.reorder_point_units(demand.lead_time_demand_units(daily, days), stock),
        ).alias("is_reached"),
    )
    return int(planned["is_reached"].sum())


def main() -> None:
    """Time all three and print two lines."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    inputs = world(n)
    sample = min(SAMPLE, n)
    loop = sample / _seconds(lambda: closed_forms_in_a_loop(inputs, sample))
    forms = n / _seconds(lambda: closed_forms(inputs))
    whole = n / _seconds(lambda: plan(inputs, Policy(), AS_OF_ON))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"closed forms  {forms:,.0f} item-locations/s, {forms / loop:.1f} x a plain Python loop ({loop:,.0f}/s)")
    print(
        f"whole policy  {whole:,.0f} item-locations/s, {whole / loop:.2f} x that loop; "
        f"{n:,} in {n / whole:.1f} s, {peak:.1f} GiB resident at most"
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
