"""Small charts for the brief, as SVG text that lies in the page: bars by day, a line by day, bars by name.

Belongs here: shapes and labels of figures that are given. Does not belong here: figures, or the page around them.
Every text in a chart is escaped; a chart brings no script, style sheet, font or address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipelines.words.words import Words

WIDTH: Final = 400
_HEIGHT: Final = 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 396, 24, 126
_INK, _SOFT, _PALE, _MARK = "#1f3a4d", "#6b7c88", "#a9c3d3", "#c2571a"


def day_bars(days: Sequence[tuple[date, int]], title: str, words: Words, *, usual: float | None = None) -> str:
    """A bar a day from zero, the last one marked, with a dashed line at what is usual."""
    top = max([units for _, units in days] + [usual or 0, 1])
    step = (_RIGHT - _LEFT) / len(days)

    def height(units: float) -> float:
        return max(0.0, units) / top * (_BOTTOM - _TOP)

    shapes = [
        f'<rect x="{_LEFT + place * step + step * 0.12:.1f}" y="{_BOTTOM - height(units):.1f}" width="{step * 0.76:.1f}" '
        f'height="{height(units):.1f}" fill="{_MARK if place == len(days) - 1 else _PALE}"/>'
        for place, (_, units) in enumerate(days)
    ]
    if usual:
        y = _BOTTOM - height(usual)
        shapes.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="{_INK}" stroke-dasharray="4 3"/>')
    said = words("bars.against", units=days[-1][1], usual=round(usual)) if usual else words.number(days[-1][1])
    last = _text(_RIGHT, 12, said, anchor="end", fill=_MARK, weight="600")
    return _chart(title, [*shapes, _base(), last, *_ends(days)])


def day_line(days: Sequence[tuple[date, int]], title: str, words: Words) -> str:
    """A line through a figure a day, between its least and its greatest, which are written beside it."""
    least, most = min(units for _, units in days), max(units for _, units in days)
    span = (most - least) or 1
    step = (_RIGHT - _LEFT - 6) / max(len(days) - 1, 1)
    low, high = _BOTTOM - 12, _TOP + 12
    points = [(_LEFT + 3 + place * step, low - (units - least) / span * (low - high)) for place, (_, units) in enumerate(days)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    shapes = [
        f'<polyline points="{path}" fill="none" stroke="{_INK}" stroke-width="2" stroke-linejoin="round"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{_MARK}"/>',
        _text(_RIGHT, 12, words.number(days[-1][1]), anchor="end", fill=_MARK, weight="600"),
    ]
    for units in {most, least} - {days[-1][1]}:
        place = next(number for number, (_, found) in enumerate(days) if found == units)
        beside = "start" if place < len(days) / 2 else "end"
        shapes.append(_text(points[place][0], points[place][1] + (-5 if units == most else 13), words.number(units), anchor=beside))
    return _chart(title, [*shapes, _base(), *_ends(days)])


def name_bars(named: Sequence[tuple[str, float, str]], title: str) -> str:
    """A bar a name: the name, the figure, and how the figure is written. Longest first is the caller's choice."""
    top = max([figure for _, figure, _ in named] + [0.01])
    row, first, left, right = 21, 20, 118, 318
    shapes = []
    for place, (name, figure, shown) in enumerate(named):
        y = first + place * row
        width = max(1.0, figure / top * (right - left))
        cut = name if len(name) <= 16 else name[:15] + "…"
        shapes += [
            _text(left - 8, y + 11, cut, anchor="end", fill=_INK),
            f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{row - 6}" rx="2" fill="{_PALE}"/>',
            _text(left + width + 6, y + 11, shown, fill=_INK),
        ]
    return _chart(title, shapes, height=first + len(named) * row + 4)


def _chart(title: str, shapes: Sequence[str], height: float = _HEIGHT) -> str:
    said = escape(title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{said}" font-family="inherit" font-size="11">'
        f"{_text(_LEFT, 12, title, fill=_INK, weight='600')}{''.join(shapes)}</svg>"
    )


def _ends(days: Sequence[tuple[date, int]]) -> list[str]:
    return [_text(_LEFT, _HEIGHT - 8, days[0][0].isoformat()), _text(_RIGHT, _HEIGHT - 8, days[-1][0].isoformat(), anchor="end")]


def _base() -> str:
    return f'<line x1="{_LEFT}" y1="{_BOTTOM}" x2="{_RIGHT}" y2="{_BOTTOM}" stroke="{_SOFT}" stroke-width="0.7"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", fill: str = _SOFT, weight: str = "400") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}">{escape(text)}</text>'
