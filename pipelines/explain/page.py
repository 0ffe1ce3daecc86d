"""The chain and its chart as files: a PNG, or one HTML page that stands alone.

The page takes nothing from elsewhere: no script, no font, no picture; its one style sheet is in it, and its own policy
forbids all else. Every text from outside (names, codes, reasons) is escaped.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.durable import write_bytes_whole
from pipelines.errors import UserError
from pipelines.explain.chart import draw
from pipelines.explain.drawing import as_svg, save_png
from pipelines.explain.terms import Section, Term, say
from pipelines.explain.text import printable, publication_text, run_text, title
from pipelines.words.words import words_in

if TYPE_CHECKING:
    from pipelines.explain.chain import Explanation

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE: Final = """
body { font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; margin: 1.5rem auto; max-width: 1200px; padding: 0 1rem; color: #1d252c; }
h1 { font-size: 1.3rem; margin: 0 0 .3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; border-bottom: 2px solid #0072b2; }
p.what { font-size: 1.05rem; font-weight: 600; } p.about, td.source { color: #5f6b76; font-size: .82rem; }
svg { width: 100%; height: auto; } table { border-collapse: collapse; width: 100%; table-layout: fixed; }
td { padding: .2rem .6rem .2rem 0; vertical-align: top; border-bottom: 1px solid #e3e8ec; overflow-wrap: anywhere; }
td.name { width: 17%; } td.figure { width: 13%; text-align: right; font-variant-numeric: tabular-nums; } td.formula { width: 20%; }
td.source { width: 20%; }
"""


def write_chart(explanation: Explanation, path: Path, *, language: str = "en") -> Path:
    """Write the chart as the name's end says: `.png`, or `.html` with the chain below it. Returns the path.

    Raises UserError (exit code 2) for another end.
    """
    if path.suffix.lower() == ".png":
        return save_png(draw(explanation, language), path)
    if path.suffix.lower() in (".html", ".htm"):
        write_bytes_whole(path, page(explanation, language).encode("utf-8"))
        return path
    raise UserError(
        f"a chart is written as .png or .html, not {path.suffix or 'without an end'}", where=str(path), next_step=f"--chart {path.stem}.png"
    )


def page(explanation: Explanation, language: str = "en") -> str:
    """The page: chart, decision and chain."""
    named = title(explanation, language)
    headline = printable(explanation.headline(language))
    chart = as_svg(draw(explanation, language, is_titled=False), title=named, description=headline)
    parts = [
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(named)}</title><style>{_STYLE}</style></head><body>',
        f'<h1>{escape(named)}</h1><p class="what">{escape(headline)}</p>',
        # Inside a page the namespace is understood, so that no address at all stands in it.
        chart.replace(' xmlns="http://www.w3.org/2000/svg"', ""),
        *(_section(section, language) for section in explanation.sections),
    ]
    if explanation.why:
        parts.append(f"<h2>{escape(words_in(language)('say.why_in_tables'))}</h2><p>{escape(printable(explanation.why))}</p>")
    about = " · ".join(filter(None, (run_text(explanation, language), publication_text(explanation, language))))
    return "\n".join([*parts, f'<p class="about">{escape(about)}</p></body></html>\n'])


def _section(section: Section, language: str) -> str:
    note = f"<p>{escape(printable(say(section.note, language)))}</p>" if section.note else ""
    rows = "".join(
        "<tr>" + "".join(f'<td class="{kind}">{text}</td>' for kind, text in _cells(term, language)) + "</tr>" for term in section.terms
    )
    return f"<h2>{escape(words_in(language)(f'heading.{section.code}'))}</h2>{note}<table>{rows}</table>"


def _cells(term: Term, language: str) -> list[tuple[str, str]]:
    """A term's cells, escaped; a source may break after its dots."""
    texts = (
        ("name", term.label(language)),
        ("figure", term.value_text(language)),
        ("formula", term.formula_text(language)),
        ("note", term.note_text(language)),
    )
    source = re.sub(r"(\w)\.", r"\1.<wbr>", escape(term.source))
    return [*((kind, escape(printable(text))) for kind, text in texts), ("source", source)]
