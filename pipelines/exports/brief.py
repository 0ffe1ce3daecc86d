"""The daily brief as Markdown, as a page, and as a few plain lines.

Belongs here: the templates' surroundings, escaping, and the head that a terminal shows. Does not belong here: what is
said (`sections`), or where files lie (`files`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.exports.sections import amounts_text, sections_of

if TYPE_CHECKING:
    from markupsafe import Markup

    from pipelines.exports.facts import Facts
    from pipelines.words.words import Words

_TEMPLATES: Final = Path(__file__).with_name("templates")
_MARKS: Final = re.compile(r"[\\`*\[\]|]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_BLANKS: Final = re.compile(r"[ \t\n\r\f\v\x1c-\x1f\x85\u2028\u2029]+")  # but no-break spaces, which numbers and French stand on
_ENTITY: Final = re.compile(r"&(?=#?[0-9A-Za-z]+;)")
_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")  # as in "< 5 %" it is no tag
_DAY: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")


def render(facts: Facts, words: Words) -> tuple[str, str]:
    """The brief as Markdown and as one self-contained HTML page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    said: dict[str, Any] = {
        "words": words,
        "facts": facts,
        "title": title_of(facts, words),
        "origin": origin_of(facts, words),
        "sections": [] if facts.is_empty else sections_of(facts, words),
        "tiles": tiles_of(facts, words),
    }
    made = []
    for name, is_page in (("brief.md.j2", False), ("brief.html.j2", True)):
        # What is not a page is no HTML: there, `cell` escapes what Markdown would read as marks or as HTML.
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=is_page, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            keep_trailing_newline=True,
        )  # fmt: skip
        environment.filters["cell"], environment.filters["unbroken"] = markdown_cell, unbroken
        environment.filters["drawn"] = Markup  # of charts alone: `charts` escapes its texts itself
        made.append(environment.get_template(name).render(said))
    return made[0], made[1]


def markdown_cell(text: str) -> str:
    r"""A text that stands in a Markdown table as it is, whatever it holds.

    >>> markdown_cell("a|b <script> *x* bad_number"), markdown_cell("two\nlines")
    ('a\\|b &lt;script> \\*x\\* bad_number', 'two lines')
    """
    escaped = _TAG.sub("&lt;", _ENTITY.sub("&amp;", text))
    return _BLANKS.sub(" ", _MARKS.sub(lambda mark: f"\\{mark.group(0)}", escaped)).strip()


def unbroken(text: str) -> Markup:
    """A text for the page, escaped, in which no day is broken at its hyphens.

    >>> str(unbroken("<b> by 2026-03-02"))
    '&lt;b&gt; by <i>2026-03-02</i>'
    """
    from markupsafe import Markup, escape

    return Markup(_DAY.sub(lambda day: f"<i>{day.group(0)}</i>", str(escape(text))))


def title_of(facts: Facts, words: Words) -> str:
    """The brief's name: what it is, and of which day."""
    today = facts.source.today
    return f"{words('brief.title')} – {words.weekday(today)} {words.day(today)}"


def origin_of(facts: Facts, words: Words) -> str:
    """Which publication, which commits, how old."""
    source = facts.source
    figures = {
        "as_of": source.clock(source.as_of),
        "version": str(source.version),
        "commit": str(source.commit_id),
        "marts": str(source.marts_commit_id),
    }
    if source.age is None:
        return words("brief.origin_empty", **figures)
    return words("brief.origin", age=words.age(source.age), **figures)


def tiles_of(facts: Facts, words: Words) -> list[tuple[str, str, str]]:
    """The figures at the top of the page: figure, label, tone."""
    if facts.is_empty:
        return []
    aside = facts.lacks.waiting + facts.lacks.refused
    planned = [
        (words.number(facts.out.count), words("tile.out"), "bad" if facts.out.count else "good"),
        (words.number(facts.soon.count), words("tile.soon"), "warn" if facts.soon.count else "good"),
        (words.number(facts.order.lines), words("tile.order"), "warn" if facts.order.lines else "good"),
    ]
    return [*(planned if facts.is_planned else []), (words.number(aside), words("tile.aside"), "warn" if aside else "good")]


def head_of(facts: Facts, words: Words) -> list[str]:
    """The brief in a few plain lines: what changed, what is short, what to order, what the data lacks."""
    lines = [("brief", f"{title_of(facts, words).partition(' – ')[2]}, {words('label.publication').lower()} {facts.source.version}")]
    if facts.is_empty:
        lines.append(("lacks", words("brief.empty", landing="landing/<feed>/")))
    else:
        lines += [("changed", _changed(facts, words)), *_planned(facts, words), ("lacks", _lacks(facts, words))]
        if facts.kpis:
            counted = {status: sum(row["status"] == status for row in facts.kpis) for status in ("met", "missed", "no_data")}
            lines.append(("targets", words("head.kpi", **counted)))
        if facts.alerts:
            count = {severity: 0 for severity in dict.fromkeys(row["severity"] for row in facts.alerts)}
            for row in facts.alerts:
                count[row["severity"]] += row["n_open"]
            by_severity = ", ".join(f"{words.number(n)} {words.known(f'severity.{severity}') or severity}" for severity, n in count.items())
            lines.append(("alerts", words("head.alerts_open", count=sum(count.values()), by_severity=by_severity)))
    return [f"{words(f'head.{label}'):<12}{text}" for label, text in lines]


def _changed(facts: Facts, words: Words) -> str:
    found = facts.changed
    said = []
    if found.demand_units is not None and found.against_usual is not None:
        figures = {"weekday": words.weekday(found.day), "day": words.day(found.day), "percent": words.change(found.against_usual)}
        said.append(words("head.sales", units=found.demand_units, **figures))
    if found.stock_units is not None:
        change = f" ({words.signed(found.units_change)})" if found.units_change is not None else ""
        said.append(
            words("head.stock", units=words.number(found.stock_units) + change, amounts=amounts_text(found.stock_values, words) or "–")
        )
    return words("brief.and").join(said) or words("changed.no_stock")


def _planned(facts: Facts, words: Words) -> list[tuple[str, str]]:
    if not facts.is_planned:
        return [("order", words("order.no_plan"))]
    out, order = facts.out, facts.order
    short = words("head.out", count=out.count, ordered=out.ordered, coming=out.coming, unserved=out.unserved, soon=facts.soon.count)
    if not order.lines:
        return [("short", short), ("order", words("order.none"))]
    amounts = amounts_text(order.amounts, words) or words("order.unknown_amount")
    suppliers = len({row["supplier_code"] for row in order.suppliers})
    return [
        ("short", short),
        ("order", words("order.summary", lines=order.lines, units=order.units, amounts=amounts, suppliers=suppliers).rstrip(".")),
    ]


def _lacks(facts: Facts, words: Words) -> str:
    found = facts.lacks
    said = []
    if found.waiting + found.refused:
        said.append(words("head.rows", rows=found.waiting + found.refused, waiting=found.waiting, refused=found.refused))
    if blocking := {(gate["gate_kind"], gate["subject"]) for gate in found.gates if gate["is_blocked"]}:
        said.append(words("head.gates", count=len(blocking)))
    if found.no_terms:
        said.append(words("head.no_terms", count=found.no_terms))
    if found.never_seen:
        said.append(words("head.feeds", feeds=", ".join(found.never_seen)))
    return words("brief.and").join(said) or words("head.whole")
