"""The chain as text: one line a term, with its figure, unit, formula and source.

Belongs here: layout. Does not belong here: words (`pipelines.words`), which terms there are (`chain`).
"""

from __future__ import annotations

import textwrap
import unicodedata
from typing import Final

from pipelines.explain.chain import Explanation
from pipelines.explain.terms import Section, say
from pipelines.words.words import words_in

_WIDTH: Final = 140


def title(explanation: Explanation, language: str) -> str:
    """Which item at which location."""
    item, location = explanation.facts.item, explanation.facts.location
    return words_in(language)(
        "say.at_location",
        item=printable(item["item_name"] or item["item_code"]),
        code=printable(item["item_code"]),
        location=printable(location["location_name"] or location["location_code"]),
        location_code=printable(location["location_code"]),
    )


def publication_text(explanation: Explanation, language: str) -> str:
    """Which version the figures are of, and how old its news are."""
    one = explanation.facts.publication
    numbers = {"version": "version", "marts": "marts_commit_id", "commit": "commit_id"}  # names, not quantities: without separators
    named = {name: None if one[column] is None else str(one[column]) for name, column in numbers.items()}
    return words_in(language)("say.publication", at=one["published_at"], known=one["newest_known_at"], **named)


def run_text(explanation: Explanation, language: str) -> str:
    """Which plan; empty where there is none."""
    run = explanation.facts.run
    return words_in(language)("say.plan_of", day=run["as_of_on"], run=run["run_id"]) if run else ""


def chain_text(explanation: Explanation, language: str) -> str:
    """The whole chain."""
    lines = [title(explanation, language), run_text(explanation, language), ""]
    lines += _wrapped(printable(explanation.headline(language)), 0)
    for number, section in enumerate(explanation.sections, 1):
        listed = [term.source for term in section.terms if term.named is not None]
        heading = words_in(language)(f"heading.{section.code}") + (
            f"  [{listed[0]}]" if listed and len(listed) == len(section.terms) else ""
        )
        lines += ["", f"{number}  {heading}", *_section(section, language)]
    if explanation.why:
        lines += ["", words_in(language)("say.why_in_tables"), *_wrapped(printable(explanation.why), 3)]
    return "\n".join([*lines, "", publication_text(explanation, language)])


def _section(section: Section, language: str) -> list[str]:
    lines = _wrapped(say(section.note, language), 3) if section.note else []
    shown = [(printable(term.label(language)), printable(term.value_text(language)), term) for term in section.terms]
    name_width = max((len(name) for name, _, _ in shown), default=0)
    width = max((len(value) for _, value, _ in shown), default=0)
    for name, value, term in shown:
        formula, note = term.formula_text(language), printable(term.note_text(language))
        line = f"   {name:<{name_width}}  {value:>{width}}"
        if term.named is not None:
            # Of listed rows the source is the same throughout: the heading names it.
            lines += _wrapped(note, name_width + width + 7, first=f"{line}  ")
            continue
        lines.append(f"{line}{f' = {formula}' if formula else ''}  [{term.source}]")
        lines += _wrapped(note, name_width + 5) if note else []
    return lines


def _wrapped(text: str, indent: int, first: str | None = None) -> list[str]:
    """The text in lines of a readable width; a path is never cut."""
    spaces = " " * indent
    return textwrap.wrap(
        text,
        max(_WIDTH, indent + 60),
        initial_indent=spaces if first is None else first,
        subsequent_indent=spaces,
        break_on_hyphens=False,
        break_long_words=False,
    )


def printable(text: str) -> str:
    """The text without control and direction characters: a name must not move the cursor or hide what follows.

    >>> printable("Mug" + chr(27) + "[2J" + chr(8238) + "x")
    'Mug�[2J�x'
    """
    return "".join("�" if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") else sign for sign in text)
