"""Drawings as files and as SVG text.

Belongs here: colours, the writing of a matplotlib figure as PNG or as SVG that stands in a page under a strict content
policy. Does not belong here: what is drawn (`chart`). matplotlib is imported inside functions, without pyplot: nothing
is global, and charts can be drawn in threads.
"""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.durable import write_bytes_whole

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


def save_png(figure: Figure, path: Path) -> Path:
    """Write the figure as a PNG that appears whole; returns its path. The same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.dpi, metadata={"Software": None})
    write_bytes_whole(path, buffer.getvalue())
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
