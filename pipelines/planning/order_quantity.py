"""How much to order: the economic quantity, and what minimum and multiple make of it.

Feasible quantities are whole units: a multiple of the pack, at least the minimum, at least the need. Between the two
feasible ones around the economic quantity the cheaper is taken. Quantities are integers throughout; only the
economic quantity itself is a real number.
"""

from __future__ import annotations

import polars as pl

DAYS_PER_YEAR = 365
"""Calendar days that a yearly demand or holding cost is spread over."""

LARGEST_ORDER_UNITS = 10**15
"""Above this an economic quantity is a fault in the costs, not an order: it is unknown."""


def economic_order_units(demand_units_per_year: pl.Expr, order_cost_amount: pl.Expr, holding_cost_amount_per_unit_year: pl.Expr) -> pl.Expr:
    """The quantity with the least yearly cost of ordering and holding.

    EOQ = sqrt(2 * D * K / H)      D: units/year   K: money per order   H: money per unit and year   EOQ: units
    Null where an input is null or negative, or H is 0: nothing limits the quantity then. 0 where D or K is 0.
    Assumes level demand, no quantity discount, the whole order delivered at once; money in one currency.
    Source: Harris 1913; Snyder, Shen, Fundamentals of Supply Chain Theory, section 3.2.

    >>> df = pl.DataFrame({"D": [10_000], "K": [50], "H": [2]})
    >>> df.select(economic_order_units(*map(pl.col, df.columns)).round(4).alias("q")).item()
    707.1068
    """
    terms = (demand_units_per_year, order_cost_amount, holding_cost_amount_per_unit_year)
    demand, order_cost, holding = (term.cast(pl.Float64) for term in terms)
    units = (2 * demand * order_cost / holding).sqrt()
    return pl.when((demand >= 0) & (order_cost >= 0) & (holding > 0) & (units < LARGEST_ORDER_UNITS)).then(units)


def yearly_cost_amount(
    order_units: pl.Expr, demand_units_per_year: pl.Expr, order_cost_amount: pl.Expr, holding_cost_amount_per_unit_year: pl.Expr
) -> pl.Expr:
    """Yearly cost of always ordering Q units: what of ordering, what of holding.

    C(Q) = K * D / Q + H * Q / 2      Q: units   D: units/year   K: money per order   H: money per unit and year
    Null where an input is null or Q is not above 0. The price of the goods is not in it.
    Source: Snyder, Shen, section 3.2.

    >>> df = pl.DataFrame({"Q": [708], "D": [10_000], "K": [50], "H": [2]})
    >>> df.select(yearly_cost_amount(*map(pl.col, df.columns)).round(2).alias("c")).item()
    1414.21
    """
    cost = order_cost_amount * demand_units_per_year / order_units + holding_cost_amount_per_unit_year * order_units / 2
    return pl.when(order_units > 0).then(cost)


def round_up_units(units: pl.Expr, multiple_units: pl.Expr) -> pl.Expr:
    """The least multiple that is not below the units; integers in and out, so it is exact.

    A multiple that is null or below 1 is 1: goods come in whole units. Null where the units are null; negative units give 0.

    >>> df = pl.DataFrame({"u": [700, 708, -5, None], "m": [12, 12, 12, 12]})
    >>> df.select(round_up_units(pl.col("u"), pl.col("m"))).to_series().to_list()
    [708, 708, 0, None]
    """
    pack = at_least_one(multiple_units)
    return ((units.cast(pl.Int64).clip(lower_bound=0) + pack - 1) // pack) * pack


def round_down_units(units: pl.Expr, multiple_units: pl.Expr) -> pl.Expr:
    """The greatest multiple that is not above the units; integers in and out. Nulls and negatives as in `round_up_units`.

    >>> df = pl.DataFrame({"u": [707, 11], "m": [12, 12]})
    >>> df.select(round_down_units(pl.col("u"), pl.col("m"))).to_series().to_list()
    [696, 0]
    """
    pack = at_least_one(multiple_units)
    return (units.cast(pl.Int64).clip(lower_bound=0) // pack) * pack


def at_least_one(units: pl.Expr) -> pl.Expr:
    """A minimum or multiple as it holds: whole units, 1 where none is stated.

    >>> pl.DataFrame({"m": [12, 0, None]}).select(at_least_one(pl.col("m"))).to_series().to_list()
    [12, 1, 1]
    """
    return units.cast(pl.Int64).fill_null(1).clip(lower_bound=1)


def least_feasible_units(needed_units: pl.Expr, moq_units: pl.Expr, multiple_units: pl.Expr) -> pl.Expr:
    """The smallest order that covers the need: first the minimum order quantity, then the multiple.

    All in units. A missing minimum or multiple is 1. Null where the need is null.

    >>> df = pl.DataFrame({"n": [3, 31], "moq": [10, 10], "m": [12, 12]})
    >>> df.select(least_feasible_units(*map(pl.col, df.columns))).to_series().to_list()
    [12, 36]
    """
    minimum = _where_known(needed_units, at_least_one(moq_units))
    return round_up_units(pl.max_horizontal(needed_units.cast(pl.Int64), minimum), multiple_units)


TARGET_KINDS = ("economic", "max_cover", "shelf_life", "cover")
"""What an order aims at: the economic quantity, this cut to the longest cover or to the shelf life, or some days of demand."""


def target_kind(economic_order_units: pl.Expr, demand_units_per_day: pl.Expr, shelf_life_days: pl.Expr, max_cover_days: pl.Expr) -> pl.Expr:
    """What the order aims at: one of `TARGET_KINDS`. `cover` where there is no economic quantity; a shelf life of null or 0 is none.

    >>> df = pl.DataFrame({"eoq": [50.0, 50.0, 50.0, None], "d": [1.0] * 4, "shelf": [None, 20, None, 20], "max": [90, 90, 30, 90]})
    >>> df.select(target_kind(*map(pl.col, df.columns))).to_series().to_list()
    ['economic', 'shelf_life', 'max_cover', 'cover']
    """
    shelf, longest = demand_units_per_day * _known_days(shelf_life_days), demand_units_per_day * max_cover_days
    return (
        pl.when(economic_order_units.is_null())
        .then(pl.lit("cover"))
        .when((shelf < economic_order_units) & (shelf <= longest))
        .then(pl.lit("shelf_life"))
        .when(longest < economic_order_units)
        .then(pl.lit("max_cover"))
        .otherwise(pl.lit("economic"))
    )


def target_days(target_kind: pl.Expr, shelf_life_days: pl.Expr, max_cover_days: pl.Expr, cover_days: pl.Expr) -> pl.Expr:
    """The days of demand that the order aims at; null for the economic quantity. A cover never goes beyond the shelf life.

    >>> df = pl.DataFrame({"kind": ["economic", "shelf_life", "cover", "cover"], "shelf": [5, 5, 5, None], "max": [90] * 4, "cover": [14] * 4})
    >>> df.select(target_days(*map(pl.col, df.columns))).to_series().to_list()
    [None, 5, 5, 14]
    """
    shelf = _known_days(shelf_life_days)
    days = {"shelf_life": shelf, "max_cover": max_cover_days, "cover": pl.min_horizontal(cover_days, shelf)}
    return pl.coalesce([pl.when(target_kind == kind).then(value) for kind, value in days.items()])


def target_units(economic_order_units: pl.Expr, demand_units_per_day: pl.Expr, target_days: pl.Expr) -> pl.Expr:
    """The quantity that the order aims at: days of demand where it is cut to days, else the economic one. Null where unknown.

    >>> df = pl.DataFrame({"eoq": [50.0, 50.0], "d": [1.5, 1.5], "days": [None, 20]})
    >>> df.select(target_units(*map(pl.col, df.columns))).to_series().to_list()
    [50.0, 30.0]
    """
    return pl.when(target_days.is_null()).then(economic_order_units).otherwise(demand_units_per_day * target_days)


def _known_days(days: pl.Expr) -> pl.Expr:
    return pl.when(days > 0).then(days)


def order_units(
    needed_units: pl.Expr, target_units: pl.Expr, economic_order_units: pl.Expr, moq_units: pl.Expr, multiple_units: pl.Expr
) -> pl.Expr:
    """The order: never below the need and the minimum, a whole multiple, else as near the target as costs say.

    Of the feasible multiples around the target the cheaper is taken: as C(l) <= C(u) exactly when EOQ**2 <= l * u, no
    cost is needed for it, and a tie goes to the smaller. A target below the economic quantity (capped by cover or shelf
    life) is rounded down; a target without an economic quantity is rounded up. All in units.
    Null where the need is null; a null target asks for the need alone.

    >>> df = pl.DataFrame({"need": [1, 800, 1], "target": [707.1068, 707.1068, 100.0], "eoq": [707.1068, 707.1068, 707.1068],
    ...     "moq": [1, 1, 1], "m": [12, 12, 12]})
    >>> df.select(order_units(*map(pl.col, df.columns)).alias("q")).to_series().to_list()
    [708, 804, 96]
    """
    least = least_feasible_units(needed_units, moq_units, multiple_units)
    lower = pl.max_horizontal(least, _where_known(needed_units, round_down_units(target_units.floor(), multiple_units)))
    upper = pl.max_horizontal(least, _where_known(needed_units, round_up_units(target_units.ceil(), multiple_units)))
    is_capped = target_units < economic_order_units
    # The root's last digit must not decide a tie.
    is_lower_cheaper = economic_order_units**2 <= lower.cast(pl.Float64) * upper.cast(pl.Float64) * (1 + 1e-12)
    # Without an economic quantity nothing says that less is cheaper: the target is a cover to reach.
    return pl.when((is_capped | is_lower_cheaper).fill_null(False)).then(lower).otherwise(upper)


def rounding_reason(
    order_units: pl.Expr, unpacked_units: pl.Expr, needed_units: pl.Expr, target_units: pl.Expr, target_kind: pl.Expr, moq_units: pl.Expr
) -> pl.Expr:
    """What made the order the size it is, as codes joined by `+`.

    First `need` or the kind of target (`economic`, `max_cover`, `shelf_life`, `cover`), whichever is more; then `moq`
    where the minimum lifted it, `multiple` where it differs from `unpacked_units`, the order in single units.
    Null where the order is null. All in units.

    >>> df = pl.DataFrame({"q": [708, 24], "single": [707, 20], "need": [1, 3], "target": [707.1, 2.0],
    ...     "kind": ["economic"] * 2, "moq": [1, 20]})
    >>> df.select(rounding_reason(*map(pl.col, df.columns))).to_series().to_list()
    ['economic+multiple', 'need+moq+multiple']
    """
    is_target = (target_units > needed_units).fill_null(False)
    wanted = pl.when(is_target).then(target_units.ceil()).otherwise(needed_units)
    base = pl.when(is_target).then(target_kind).otherwise(pl.lit("need"))
    moq = pl.when(at_least_one(moq_units) > wanted).then(pl.lit("+moq")).otherwise(pl.lit(""))
    packs = pl.when(order_units != unpacked_units).then(pl.lit("+multiple")).otherwise(pl.lit(""))
    return pl.when(order_units.is_not_null()).then(pl.concat_str(base, moq, packs))


def largest_units(max_units: pl.Expr, moq_units: pl.Expr, multiple_units: pl.Expr) -> pl.Expr:
    """The most in one order: whole multiples up to the maximum, yet never less than the least that can be ordered.

    All in units. Null where there is no maximum; one of 0 is none.

    >>> df = pl.DataFrame({"max": [50, 50, 0, None], "moq": [1, 100, 1, 1], "m": [12, 1, 1, 1]})
    >>> df.select(largest_units(*map(pl.col, df.columns))).to_series().to_list()
    [48, 100, None, None]
    """
    least = round_up_units(at_least_one(moq_units), multiple_units)
    return pl.when(max_units > 0).then(pl.max_horizontal(round_down_units(max_units, multiple_units), least))


LIMITS = ("last_day", "max", "over_max")
"""What cuts an order: what can be sold until the last day of sale, the supplier's maximum, or that maximum as far as it can be kept."""


def limit_reason(order_units: pl.Expr, wanted_units: pl.Expr, unlimited_units: pl.Expr, max_units: pl.Expr) -> pl.Expr:
    """What cut the order, as codes of `LIMITS` that follow those of `rounding_reason`; empty where nothing did, null where nothing is ordered.

    `last_day`: what can still be sold (`wanted_units`, of `unlimited_units`); `max`: the supplier takes no more in one order;
    `over_max`: it is above that maximum, because minimum and multiple allow nothing below. All in units.

    >>> df = pl.DataFrame({"q": [48, 100, 20], "wanted": [300, 100, 20], "all": [300, 100, 90], "max": [50, 50, None]})
    >>> df.select(limit_reason(*map(pl.col, df.columns))).to_series().to_list()
    ['+max', '+over_max', '+last_day']
    """
    day = pl.when(wanted_units < unlimited_units).then(pl.lit("+last_day")).otherwise(pl.lit(""))
    has_max = (max_units > 0).fill_null(False)
    most = (
        pl.when(has_max & (order_units > max_units))
        .then(pl.lit("+over_max"))
        .when(has_max & (order_units < wanted_units))
        .then(pl.lit("+max"))
        .otherwise(pl.lit(""))
    )
    return pl.when(order_units.is_not_null()).then(pl.concat_str(day, most))


def cut_units(order_units: pl.Expr, most_units: pl.Expr, moq_units: pl.Expr, multiple_units: pl.Expr) -> pl.Expr:
    """The order, cut to whole multiples of what can be used; null where that is less than the least order, or the order is null.

    All in units. `most_units` null: nothing cuts it.

    >>> df = pl.DataFrame({"q": [90, 90, 90], "most": [25, 5, None], "moq": [10, 10, 10], "m": [10, 10, 10]})
    >>> df.select(cut_units(*map(pl.col, df.columns))).to_series().to_list()
    [20, None, 90]
    """
    usable = round_down_units(most_units, multiple_units)
    is_cut = (most_units < order_units).fill_null(False)
    return pl.when(~is_cut).then(order_units).when(usable >= at_least_one(moq_units)).then(usable)


def _where_known(known: pl.Expr, value: pl.Expr) -> pl.Expr:
    """The value where the other is known: the horizontal maximum would skip a null instead of passing it on."""
    return pl.when(known.is_not_null()).then(value)
