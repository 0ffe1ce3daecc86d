"""Drawings as files and as SVG text: what every chart shares, and the two small charts of the brief.

Belongs here: colours, the writing of a matplotlib figure as PNG or as SVG that stands in a page under a strict content
policy, small bars and lines made of SVG alone. Does not belong here: which figures are drawn. matplotlib is imported
inside functions, without pyplot: nothing is global, and charts can be drawn in threads.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#5F6B76"
"""Okabe and Ito's colours, told apart by eyes that see red and green alike; no chart says a thing by colour alone."""

FONTS: Final = "DejaVu Sans, Verdana, Arial, sans-serif"

_Value = float | int | None


def save_png(figure: Figure, path: Path) -> Path:
    """Write the figure as a PNG that appears whole; returns its path. The same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.dpi, metadata={"Software": None})
    return write_whole(path, buffer.getvalue())


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file beside its name and rename it, so that nobody sees half of it; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_bytes(content)
    half.replace(path)
    return path


def as_svg(figure: Figure, *, title: str = "", description: str = "") -> str:
    """The figure as an `<svg>` element to stand in a page: text stays text, and nothing of it needs a script, a style or the net.

    `title` and `description` are read out by screen readers.
    """
    import matplotlib as mpl

    buffer = io.BytesIO()
    nothing: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "parstock"}):
        figure.savefig(buffer, format="svg", metadata=nothing)
    drawn = buffer.getvalue().decode("utf-8")
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    drawn = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", drawn, flags=re.DOTALL)
    # A page may forbid inline styles; the same words as attributes are not styles to it.
    drawn = re.sub(r' style="([^"]*)"', lambda found: _as_attributes(found.group(1)), drawn)
    drawn = drawn.replace("xlink:href=", "href=")
    width, height = (float(size) * 72 for size in figure.get_size_inches())  # SVG text and lines are in points
    head = _svg_head(width, height, title, description)
    return head + drawn[drawn.index(">") + 1 :].strip()


def _svg_head(width: float, height: float, title: str, description: str) -> str:
    described = f"<title>{html.escape(title)}</title>" if title else ""
    described += f"<desc>{html.escape(description)}</desc>" if description else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{html.escape(title)}" '
        f'stroke-linejoin="round" stroke-linecap="butt">{described}'
    )


def _as_attributes(style: str) -> str:
    """Declarations as presentation attributes; `font` in short is taken apart.

    >>> _as_attributes("fill: none; stroke: #0072b2")
    ' fill="none" stroke="#0072b2"'
    >>> _as_attributes("font: 700 9px 'DejaVu Sans'; text-anchor: middle")
    ' font-weight="700" font-size="9px" font-family="DejaVu Sans, Verdana, Arial, sans-serif" text-anchor="middle"'
    """
    written = []
    for declaration in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            short = re.match(r"(?:(italic|oblique)\s+)?(?:(bold|\d{3})\s+)?([\d.]+px)", value)
            slant, weight, size = short.groups() if short else (None, None, "10px")
            parts = (("font-style", slant), ("font-weight", weight), ("font-size", size), ("font-family", FONTS))
            written += [f'{part}="{said}"' for part, said in parts if said]
        elif name == "font-family":
            written.append(f'font-family="{FONTS}"')
        else:
            written.append(f'{name}="{html.escape(value)}"')
    return "".join(f" {one}" for one in written)


def small_bars(
    values: Sequence[_Value],
    *,
    labels: Sequence[str] = (),
    title: str = "",
    width: int = 240,
    height: int = 72,
    colour: str = BLUE,
    highlight: int | None = None,
) -> str:
    """Bars from 0 as an `<svg>` element, each with its figure above; `labels` stand below, `highlight` is one bar's place.

    A null is a gap with a dot. What every bar says is also in the description, for those who do not see it.
    """
    known = [float(value) for value in values if value is not None]
    top, bottom = max([*known, 0.0]), min([*known, 0.0])
    below = 14 if labels else 2
    room, step = height - 14 - below, width / max(len(values), 1)
    scale = room / (top - bottom) if top > bottom else 0.0
    zero = 14 + top * scale
    drawn = []
    for place, value in enumerate(values):
        middle = (place + 0.5) * step
        if value is None:
            drawn.append(f'<circle cx="{middle:.1f}" cy="{zero - 2:.1f}" r="1.5" fill="{GREY}"/>')
        else:
            size = abs(float(value)) * scale
            start = zero - size if value >= 0 else zero
            fill = VERMILION if place == highlight else colour
            drawn.append(
                f'<rect x="{middle - step * 0.38:.1f}" y="{start:.1f}" width="{step * 0.76:.1f}" height="{max(size, 0.5):.1f}" fill="{fill}"/>'
            )
            drawn.append(_small_text(middle, start - 3, short_figure(value), "middle"))
        if place < len(labels):
            drawn.append(_small_text(middle, height - 3, labels[place], "middle", GREY))
    drawn.append(f'<line x1="0" x2="{width}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="{GREY}" stroke-width="0.7"/>')
    return _small_svg(drawn, width, height, title, values, labels)


def small_line(
    values: Sequence[_Value],
    *,
    labels: Sequence[str] = (),
    title: str = "",
    target: float | None = None,
    width: int = 240,
    height: int = 72,
    colour: str = BLUE,
) -> str:
    """A line as an `<svg>` element, with its last figure beside it and a dashed target; a null is a gap.

    Of `labels` the first and the last are shown; all are in the description.
    """
    points = [(place, float(value)) for place, value in enumerate(values) if value is not None]
    levels = [value for _, value in points] + ([float(target)] if target is not None else [])
    top, bottom = max(levels, default=1.0), min(levels, default=0.0)
    below, beside = (14 if labels else 4), 40
    step = (width - beside) / max(len(values) - 1, 1)
    scale = (height - 8 - below) / (top - bottom) if top > bottom else 0.0

    def at(value: float) -> float:
        return 6 + (top - value) * scale if scale else (height - below) / 2

    drawn = []
    if target is not None:
        drawn.append(
            f'<line x1="0" x2="{width - beside}" y1="{at(target):.1f}" y2="{at(target):.1f}" '
            f'stroke="{VERMILION}" stroke-width="1" stroke-dasharray="4 3"/>'
        )
    for run in _unbroken(points):
        line = " ".join(f"{place * step:.1f},{at(value):.1f}" for place, value in run)
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    if points:
        place, value = points[-1]
        drawn.append(f'<circle cx="{place * step:.1f}" cy="{at(value):.1f}" r="2.4" fill="{colour}"/>')
        drawn.append(_small_text(place * step + 5, at(value) + 3.5, short_figure(value), "start"))
    if labels:
        drawn.append(_small_text(0, height - 3, labels[0], "start", GREY))
        drawn.append(_small_text(width - beside, height - 3, labels[-1], "end", GREY))
    return _small_svg(drawn, width, height, title, values, labels)


def _unbroken(points: Sequence[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    """The points in runs without a gap between them."""
    runs: list[list[tuple[int, float]]] = []
    for point in points:
        if runs and runs[-1][-1][0] == point[0] - 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def short_figure(value: float) -> str:
    """A figure as it fits above a bar.

    >>> [short_figure(x) for x in (0, 3.14159, 42, 12345, 2_500_000, -0.5)]
    ['0', '3.14', '42', '12.3k', '2.5M', '-0.5']
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.1f}".removesuffix(".0") + letter
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 100 else f"{value:.0f}"


def _small_text(x: float, y: float, text: str, anchor: str, colour: str = "#222222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="9" font-family="{FONTS}" fill="{colour}">{html.escape(text)}</text>'


def _small_svg(drawn: Sequence[str], width: int, height: int, title: str, values: Sequence[_Value], labels: Sequence[str]) -> str:
    names = [*labels, *(str(place) for place in range(len(labels) + 1, len(values) + 1))]
    said = ", ".join(f"{name}: {'-' if value is None else short_figure(value)}" for name, value in zip(names, values, strict=False))
    head = _svg_head(width, height, title, said).replace(" viewBox", f' width="{width}" height="{height}" viewBox', 1)
    return f"{head}{''.join(drawn)}</svg>"
