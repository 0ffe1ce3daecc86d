"""The chart of one item at one place: stock and demand per day, the reorder point, what is to come, what the order does.

Belongs here: what is drawn where. Does not belong here: the series (`history`), words (`pipelines.words`), files (`drawing`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from pipelines.explain.chain import Explanation, explain
from pipelines.explain.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from pipelines.explain.history import DAYS_OF_SLOW, Due, dues, last_day, projection
from pipelines.explain.text import printable, publication_text, run_text
from pipelines.settings import Home
from pipelines.words.words import words_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH: Final = 1200
HEIGHT: Final = 650
_DPI: Final = 100
_TITLE: Final = 92
_UNTITLED: Final = 0.88
"""The height that is left without the titles."""
_PALE: Final = "#D9DEE3"


def stock_chart(home: Home, item_code: str, location_code: str, *, language: str = "en") -> Figure:
    """The chart of an item at a place from the version that is published now, 1200 x 650 pixels.

    Raises UserError (exit code 2) as `chain.explain` does.
    """
    return draw(explain(home, item_code, location_code, with_history=True), language)


def draw(explanation: Explanation, language: str = "en", *, is_titled: bool = True) -> Figure:
    """The chart of an explanation that was made with its history; without its titles for a page that says them itself."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    facts = explanation.facts
    assert facts.history is not None
    height = HEIGHT if is_titled else HEIGHT * _UNTITLED
    chart = Figure(figsize=(WIDTH / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(chart)
    up = HEIGHT / height
    stock: Axes = chart.add_axes((0.062, 0.385 * up, 0.918, 0.39 * up))
    demand: Axes = chart.add_axes((0.062, 0.105 * up, 0.918, 0.2 * up), sharex=stock)
    coming = dues(facts)
    last = last_day(facts, coming)
    _draw_stock(stock, explanation, coming, last, language)
    _draw_demand(demand, explanation, language)
    for axes in (stock, demand):
        _plain_axes(axes, facts.as_of_on)
    first = _first_shown(explanation)
    stock.set_xlim(_day(first) - 0.5, _day(last) + 1)
    _date_axis(stock, demand, first, last)
    _say_what_is_what(stock, demand, explanation, language)
    if is_titled:
        _title(chart, explanation, language)
    about = " · ".join(filter(None, (run_text(explanation, language), publication_text(explanation, language))))
    chart.text(0.012, 0.022, _cut(about, 210), fontsize=7.5, color=GREY, parse_math=False)
    return chart


def _draw_stock(axes: Axes, explanation: Explanation, coming: list[Due], last: date, language: str) -> None:
    facts, plan = explanation.facts, explanation.facts.plan or {}
    assert facts.history is not None
    if facts.history.stock:
        days = [_day(day) for day, _ in facts.history.stock]
        units = [units for _, units in facts.history.stock]
        axes.step(
            [*days, days[-1] + 1], [*units, units[-1]], where="post", color=BLUE, linewidth=1.8, label=words_in(language)("chart.stock")
        )
    else:
        axes.text(0.5, 0.5, words_in(language)("chart.no_stock"), transform=axes.transAxes, ha="center", color=GREY, fontsize=10)
    point, safety = plan.get("reorder_point_units"), plan.get("safety_stock_units")
    if point is not None:
        name = f"{words_in(language)('term.reorder_point_units')} {words_in(language).figure(point)}"
        axes.axhline(float(point), color=VERMILION, linewidth=1.4, linestyle=(0, (7, 2)), label=name)
    if safety is not None:
        name = f"{words_in(language)('term.safety_stock_units')} {words_in(language).figure(safety)}"
        axes.axhline(float(safety), color=GREEN, linewidth=1.4, linestyle=(0, (1, 1.5)), label=name)
    _draw_projection(axes, explanation, coming, last, language)
    _draw_dues(axes, explanation, coming, last, language)
    axes.set_ylabel(words_in(language)("chart.stock_axis"), fontsize=9)


def _draw_projection(axes: Axes, explanation: Explanation, coming: list[Due], last: date, language: str) -> None:
    """What is to be expected: with the order dashed, without it dotted."""
    facts = explanation.facts
    expected = projection(facts, coming, last, with_order=True)
    if not expected:
        return
    days = [_day(day) for day, _ in expected]
    name = words_in(language)("chart.projected_with" if facts.proposal else "chart.projected")
    axes.step(days, [units for _, units in expected], where="post", color=PURPLE, linewidth=2, linestyle=(0, (5, 2)), label=name)
    if facts.proposal:
        without = projection(facts, coming, last, with_order=False)
        axes.step(days, [units for _, units in without], where="post", color=GREY, linewidth=1.4, linestyle=":",
                  label=words_in(language)("chart.projected_without"))  # fmt: skip


def _draw_dues(axes: Axes, explanation: Explanation, coming: list[Due], last: date, language: str) -> None:
    """Marks on the days on which units come, with how many."""
    facts = explanation.facts
    marks: list[tuple[date, int, str, str, str]] = [
        (
            due.due_on,
            due.units,
            "v",
            GREY if due.is_counted else "white",
            words_in(language)("chart.due" if due.is_counted else "chart.due_not_counted"),
        )
        for due in coming
    ]
    if facts.proposal:
        marks.append((facts.proposal["eta_on"], facts.proposal["order_units"], "D", PURPLE, words_in(language)("chart.proposed")))
    shown = [mark for mark in marks if _first_shown(explanation) <= mark[0] <= last]
    low, high = axes.get_ylim()
    top = max(high, *(float(units) for _, units, *_ in shown[-1:])) if shown else high
    axes.set_ylim(min(low, 0), max(top, 1) * 1.22)
    level, seen = axes.get_ylim()[1], set()
    near = max(((last - _first_shown(explanation)).days) // 14, 1)
    row, before = 0, None
    for day, units, marker, fill, name in shown:
        # Marks close together stand on two levels, so that their figures do.
        row = 1 - row if before is not None and (day - before).days < near else 0
        height = level * (0.93, 0.83)[row]
        axes.plot([_day(day)], [height], marker=marker, markersize=9, markerfacecolor=fill, markeredgecolor="#222222", linestyle="none",
                  label=name if name not in seen else None)  # fmt: skip
        axes.annotate(
            f"+{words_in(language).figure(units)}",
            (_day(day), height),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
        seen.add(name)
        before = day


def _draw_demand(axes: Axes, explanation: Explanation, language: str) -> None:
    """Bars of what was asked for; days that say nothing, hatched over their whole height."""
    history, plan = explanation.facts.history, explanation.facts.plan or {}
    assert history is not None
    asked = [(day, units) for day, units, _ in history.demand if units]
    if asked:
        axes.bar([_day(day) for day, _ in asked], [units for _, units in asked], width=0.9, color=ORANGE, align="edge",
                 label=words_in(language)("chart.demand"), zorder=3)  # fmt: skip
    top = max([units for _, units in asked], default=1) * 1.15
    axes.set_ylim(0, max(top, 1))
    for number, (start, days) in enumerate(_runs([day for day, _, is_censored in history.demand if is_censored])):
        axes.axvspan(_day(start), _day(start) + days, facecolor="#EDF0F3", edgecolor=GREY, hatch="////", linewidth=0,
                     label=words_in(language)("chart.censored") if number == 0 else None, zorder=1)  # fmt: skip
    mean = plan.get("demand_units_per_day_mean")
    if mean is not None:
        name = f"{words_in(language)('chart.mean')} {words_in(language).figure(mean)}"
        axes.axhline(float(mean), color=PURPLE, linewidth=1.3, linestyle=(0, (5, 2)), label=name, zorder=4)
    if not history.demand:
        axes.text(
            0.5, 0.5, words_in(language)("chart.no_demand"), transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=10
        )
    axes.set_ylabel(words_in(language)("chart.demand_axis"), fontsize=9)


def _runs(days: list[date]) -> list[tuple[date, int]]:
    """Days in a row as their first and how many."""
    runs: list[tuple[date, int]] = []
    for day in days:
        if runs and runs[-1][0] + timedelta(days=runs[-1][1]) == day:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((day, 1))
    return runs


def _plain_axes(axes: Axes, today: date) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axvline(_day(today), color="#222222", linewidth=0.9, alpha=0.6)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(axis="y", color=_PALE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5, colors="#333333", length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#9AA5AF")


def _date_axis(stock: Axes, demand: Axes, first: date, last: date) -> None:
    """ISO days at even distances, below the lower panel only."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    step = max(7, -(-((last - first).days // 9) // 7) * 7)
    span = (last - first).days
    ticks = [_day(first) + place for place in range(0, span - span // 40 + 1, step)]  # a label at the very end would be cut
    demand.xaxis.set_major_locator(FixedLocator(ticks))
    demand.xaxis.set_major_formatter(FuncFormatter(lambda number, _: date.fromordinal(round(number)).isoformat()))
    stock.tick_params(labelbottom=False)


def _title(chart: Figure, explanation: Explanation, language: str) -> None:
    """Item, place, and what follows."""
    facts = explanation.facts
    name = printable(f"{facts.item['item_name'] or facts.item['item_code']} ({facts.item['item_code']})")
    place = printable(f"{facts.location['location_name'] or facts.location['location_code']} ({facts.location['location_code']})")
    chart.text(0.012, 0.955, _cut(name, _TITLE), fontsize=14, fontweight="bold", parse_math=False)
    chart.text(0.012, 0.92, _cut(place, _TITLE), fontsize=11, parse_math=False)
    chart.text(0.012, 0.882, _cut(printable(explanation.headline(language)), 185), fontsize=9, color="#333333", parse_math=False)


def _say_what_is_what(stock: Axes, demand: Axes, explanation: Explanation, language: str) -> None:
    """Legends above their panels, and the day of the plan."""
    facts = explanation.facts
    for axes, columns in ((stock, 4), (demand, 3)):
        entries = axes.get_legend_handles_labels()
        if entries[0]:
            axes.legend(*entries, loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=columns, fontsize=8.5, frameon=False, handlelength=2.6,
                        columnspacing=1.6)  # fmt: skip
    stock.annotate(words_in(language)("chart.today", day=facts.as_of_on), (_day(facts.as_of_on), 1), xycoords=("data", "axes fraction"),
                   xytext=(-4, -2), textcoords="offset points", ha="right", va="top", fontsize=8.5, color="#333333")  # fmt: skip


def _first_shown(explanation: Explanation) -> date:
    """The first day of the axis: where the history begins, if that is later than how far back the chart looks."""
    history, today = explanation.facts.history, explanation.facts.as_of_on
    assert history is not None
    seen = [day for day, _ in history.stock[:1]] + [day for day, *_ in history.demand[:1]]
    return (
        min(min(seen, default=history.first_on), today - timedelta(days=28))
        if seen
        else max(history.first_on, today - timedelta(days=DAYS_OF_SLOW))
    )


def _cut(text: str, signs: int) -> str:
    return text if len(text) <= signs else f"{text[: signs - 1].rstrip()}…"


def _day(day: date) -> int:
    """The day's place on the axis."""
    return day.toordinal()
