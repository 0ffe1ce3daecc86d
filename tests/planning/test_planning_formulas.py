"""Published examples, and the edges that doctests leave out."""

from __future__ import annotations

import math
import statistics
from datetime import date

import polars as pl
import pytest

from pipelines.planning import lead_time, order_quantity, position, reorder_point, safety_stock, service_level


def value(expression: pl.Expr) -> float:
    """The figure that an expression over literals gives."""
    return pl.select(expression).item()


def test_snyder_shen_example_3_1() -> None:
    assert value(order_quantity.economic_order_units(pl.lit(1300), pl.lit(8), pl.lit(0.225))) == pytest.approx(304.0468, abs=1e-4)


def test_free_holding_leaves_the_economic_quantity_unknown_not_infinite() -> None:
    assert value(order_quantity.economic_order_units(pl.lit(1300), pl.lit(8), pl.lit(0.0))) is None
    assert value(order_quantity.economic_order_units(pl.lit(0.0), pl.lit(8), pl.lit(0.0))) is None


def test_equal_costs_of_two_packs_take_the_smaller() -> None:
    economic = pl.lit(math.sqrt(2.0))  # 1 and 2 units cost the same around it
    assert value(order_quantity.order_units(pl.lit(1), economic, economic, pl.lit(1), pl.lit(1))) == 1


def test_rounding_stays_exact_where_floats_are_not() -> None:
    big = 2**53 + 1
    assert value(order_quantity.round_up_units(pl.lit(big), pl.lit(1))) == big


def test_pooled_lead_times_equal_those_of_all_receipts_together() -> None:
    groups = [[3, 5, 9], [4], [10, 12]]
    frame = pl.DataFrame(
        {
            "n": [len(g) for g in groups],
            "m": [statistics.mean(g) for g in groups],
            "s": [statistics.stdev(g) if len(g) > 1 else None for g in groups],
        },
        strict=False,
    )
    everything = [days for g in groups for days in g]
    n, m, s = pl.col("n"), pl.col("m"), pl.col("s")
    assert frame.select(lead_time.pooled_mean(n, m)).item() == pytest.approx(statistics.mean(everything))
    assert frame.select(lead_time.pooled_sd(n, m, s)).item() == pytest.approx(statistics.stdev(everything))


def test_one_receipt_has_no_deviation() -> None:
    frame = pl.DataFrame({"n": [1], "m": [4.0], "s": [None]}, schema_overrides={"s": pl.Float64})
    assert frame.select(lead_time.pooled_sd(pl.col("n"), pl.col("m"), pl.col("s"))).item() is None


def test_a_certain_demand_needs_no_stock_and_is_not_unknown() -> None:
    assert value(safety_stock.from_spread(service_level.service_factor(pl.lit(0.95)), pl.lit(0.0))) == 0


@pytest.mark.parametrize(("late_days", "use"), [(14, "useful"), (15, "overdue")])
def test_a_purchase_order_counts_to_the_last_day_of_its_grace(late_days: int, use: str) -> None:
    expected_on = date(2026, 3, 31 - late_days)
    assert value(position.use(pl.lit("po"), pl.lit(expected_on), pl.lit(date(2026, 3, 31)), pl.lit(5.0), pl.lit(14))) == use


def test_goods_under_way_count_even_when_they_come_after_the_lead_time() -> None:
    arguments = (pl.lit(date(2026, 6, 1)), pl.lit(date(2026, 3, 8)), pl.lit(5.0), pl.lit(14))
    assert value(position.use(pl.lit("transfer"), *arguments)) == "useful"
    assert value(position.use(pl.lit("po"), *arguments)) == "later"


def test_a_fractional_point_triggers_at_the_whole_unit_below_it() -> None:
    assert value(reorder_point.is_reached(pl.lit(132), pl.lit(132.897))) is True
    assert value(reorder_point.is_reached(pl.lit(133), pl.lit(132.897))) is False


def test_impossible_targets_have_no_factor() -> None:
    rates = pl.DataFrame({"p": [0.0, 1.0, -1.0, 1.5, float("nan")]})
    assert rates.select(service_level.service_factor(pl.col("p"))).to_series().to_list() == [None] * 5
