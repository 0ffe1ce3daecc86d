"""Laws of the planning formulas, on drawn figures."""

from __future__ import annotations

import math
from datetime import date
from statistics import NormalDist

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.planning import demand, order_quantity, position, reorder_point, safety_stock, service_level
from pipelines.planning.inputs import Inputs
from pipelines.planning.policy import plan
from pipelines.planning.rules import Policy

rates = st.floats(0.5, 0.999)
per_day = st.floats(0.01, 1e4)
days = st.floats(0.5, 200)
spreads = st.floats(0, 1e3)
units = st.integers(0, 10**6)
packs = st.integers(1, 500)
quick = settings(max_examples=60, deadline=None)


def value(expression: pl.Expr) -> float:
    """The figure that an expression over literals gives."""
    return pl.select(expression).item()


def stock(rate: float, d: float, sd: float, lead: float, lead_sd: float) -> float:
    """Combined safety stock of plain figures."""
    return value(safety_stock.safety_stock_units(service_level.service_factor(pl.lit(rate)), *(pl.lit(x) for x in (d, sd, lead, lead_sd))))


@quick
@given(rates, per_day, spreads, days, spreads)
def test_safety_stock_equals_the_scalar_formula(rate: float, d: float, sd: float, lead: float, lead_sd: float) -> None:
    expected = NormalDist().inv_cdf(rate) * math.sqrt(lead * sd**2 + d**2 * lead_sd**2)
    assert stock(rate, d, sd, lead, lead_sd) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@quick
@given(rates, rates, per_day, spreads, days, spreads, spreads)
def test_safety_stock_grows_with_the_target_and_with_lead_time_spread(
    a: float, b: float, d: float, sd: float, lead: float, spread_a: float, spread_b: float
) -> None:
    low, high = sorted((a, b))
    assert stock(low, d, sd, lead, spread_a) <= stock(high, d, sd, lead, spread_a) + 1e-9
    less, more = sorted((spread_a, spread_b))
    assert stock(a, d, sd, lead, less) <= stock(a, d, sd, lead, more) + 1e-9


@quick
@given(rates, per_day, spreads, days, spreads)
def test_days_and_weeks_give_the_same_stock_and_point(rate: float, d: float, sd: float, lead: float, lead_sd: float) -> None:
    in_weeks = stock(rate, 7 * d, math.sqrt(7) * sd, lead / 7, lead_sd / 7)
    assert in_weeks == pytest.approx(stock(rate, d, sd, lead, lead_sd), rel=1e-9, abs=1e-9)
    point = demand.lead_time_demand_units(pl.lit(7 * d), pl.lit(lead / 7))
    assert value(point) == pytest.approx(d * lead)


@quick
@given(rates, per_day, spreads, days, spreads, st.floats(0.01, 1000))
def test_counting_in_other_units_scales_the_stock(rate: float, d: float, sd: float, lead: float, lead_sd: float, k: float) -> None:
    assert stock(rate, k * d, k * sd, lead, lead_sd) == pytest.approx(k * stock(rate, d, sd, lead, lead_sd), rel=1e-9, abs=1e-9)


@quick
@given(rates)
def test_the_service_factor_and_its_rate_undo_each_other(rate: float) -> None:
    assert value(service_level.cycle_service_rate(service_level.service_factor(pl.lit(rate)))) == pytest.approx(rate, abs=1e-9)


@quick
@given(st.floats(1, 1e6), st.floats(0.1, 1e4), st.floats(0.01, 1e3), st.floats(0.01, 100))
def test_no_other_order_size_costs_less_than_the_economic_quantity(yearly: float, order_cost: float, holding: float, factor: float) -> None:
    costs = (pl.lit(yearly), pl.lit(order_cost), pl.lit(holding))
    eoq = order_quantity.economic_order_units(*costs)
    best = value(order_quantity.yearly_cost_amount(eoq, *costs))
    assert best <= value(order_quantity.yearly_cost_amount(eoq * factor, *costs)) * (1 + 1e-9)
    assert best == pytest.approx(math.sqrt(2 * yearly * order_cost * holding))


@quick
@given(st.integers(1, 2000), st.floats(1, 1e5), st.floats(1, 500), st.floats(0.1, 50), st.integers(0, 300), st.integers(1, 60))
def test_no_feasible_order_costs_less_than_the_one_chosen(
    need: int, yearly: float, cost: float, holding: float, moq: int, pack: int
) -> None:
    eoq = math.sqrt(2 * yearly * cost / holding)
    chosen = value(order_quantity.order_units(pl.lit(need), pl.lit(eoq), pl.lit(eoq), pl.lit(moq), pl.lit(pack)))
    least = -(-max(need, moq) // pack) * pack
    feasible = range(least, int(max(least, eoq)) + 3 * pack, pack)

    def yearly_cost(q: int) -> float:
        return cost * yearly / q + holding * q / 2

    assert chosen in feasible
    assert yearly_cost(chosen) <= min(map(yearly_cost, feasible)) * (1 + 1e-9)


@quick
@given(
    units.map(lambda n: n + 1),
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.one_of(st.none(), units),
    st.one_of(st.none(), st.integers(0, 500)),
)
def test_an_order_covers_need_and_minimum_in_whole_multiples(
    need: int, target: float | None, eoq: float | None, moq: int | None, pack: int | None
) -> None:
    literals = (pl.lit(need), pl.lit(target, pl.Float64), pl.lit(eoq, pl.Float64), pl.lit(moq, pl.Int64), pl.lit(pack, pl.Int64))
    order = value(order_quantity.order_units(*literals))
    assert isinstance(order, int)
    assert order >= max(need, moq or 1)
    assert order % max(pack or 1, 1) == 0


@quick
@given(units, packs)
def test_rounding_up_never_falls_below_nor_adds_a_whole_pack(need: int, pack: int) -> None:
    up, down = (value(rounded(pl.lit(need), pl.lit(pack))) for rounded in (order_quantity.round_up_units, order_quantity.round_down_units))
    assert need <= up < need + pack
    assert need - pack < down <= need
    assert up % pack == down % pack == 0


@quick
@given(st.integers(-1000, 1000), st.one_of(st.none(), st.integers(0, 10_000_000).map(lambda tenths: tenths / 10_000)))
def test_what_is_needed_ends_the_trigger(ip: int, point: float | None) -> None:
    rop = pl.lit(point, pl.Float64)
    need = value(reorder_point.needed_units(pl.lit(ip), rop))
    if value(reorder_point.is_reached(pl.lit(ip), rop)):
        assert need >= 1
        assert value(reorder_point.is_reached(pl.lit(ip + need), rop)) is False
        assert need == 1 or value(reorder_point.is_reached(pl.lit(ip + need - 1), rop)) is True


@quick
@given(st.integers(0, 4))
def test_null_in_null_out(missing: int) -> None:
    figures = [pl.lit(x) for x in (1.645, 20.0, 5.0, 9.0, 2.0)]
    figures[missing] = pl.lit(None, pl.Float64)
    assert value(safety_stock.safety_stock_units(*figures)) is None
    counted = [pl.lit(3)] * 6
    counted[missing] = pl.lit(None, pl.Int64)
    assert value(position.inventory_position_units(*counted)) is None
    costs = [pl.lit(100.0), pl.lit(5.0), pl.lit(1.0)]
    costs[missing % 3] = pl.lit(None, pl.Float64)
    assert value(order_quantity.economic_order_units(*costs)) is None


keys = st.tuples(st.integers(1, 4), st.integers(1, 3))
rows = st.dictionaries(
    keys, st.tuples(st.one_of(st.none(), st.floats(0, 50)), st.one_of(st.none(), st.floats(0, 50)), st.integers(-20, 200)), min_size=1
)


@settings(max_examples=15, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_rows(drawn: dict, random) -> None:
    def inputs(entries: list) -> Inputs:
        key = {"item_id": [k[0] for k, _ in entries], "location_id": [k[1] for k, _ in entries]}
        return Inputs.from_frames(
            demand=pl.DataFrame(
                {
                    **key,
                    "demand_units_mean": [v[0] for _, v in entries],
                    "demand_units_sd": [v[1] for _, v in entries],
                    "n_valid_days": [50] * len(entries),
                },
                schema_overrides={"demand_units_mean": pl.Float64, "demand_units_sd": pl.Float64},
            ),
            position=pl.DataFrame({**key, "sellable_units": [v[2] for _, v in entries]}),
            terms=pl.DataFrame(
                {
                    "supplier_id": [1, 2, 1],
                    "item_id": [1, 1, 2],
                    "lead_time_days": [3, 3, 9],
                    "unit_cost_amount": ["2", "2", "7"],
                    "currency_code": ["EUR"] * 3,
                    "order_cost_amount": ["20"] * 3,
                }
            ),
        )

    entries = list(drawn.items())
    shuffled = random.sample(entries, len(entries))
    a, b = inputs(entries), inputs(shuffled)
    assert a.content_hash() == b.content_hash()
    one, other = (plan(x, Policy(), date(2026, 3, 8)) for x in (a, b))
    assert one.items.equals(other.items)
    assert one.proposals.equals(other.proposals)
    figures = one.items.select(pl.selectors.float())
    assert all(column.is_finite().fill_null(True).all() for column in figures)
    assert one.items["why"].null_count() == 0
    assert one.proposals["why"].null_count() == 0
