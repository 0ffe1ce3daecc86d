"""The exports by name: each reads the publication that is current now and writes its files whole.

Belongs here: which files an export has, and where they go. Does not belong here: what is in them (`proposals`, `brief`, `docs`).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.settings import Home


@dataclasses.dataclass(frozen=True, slots=True)
class Brief:
    """A written brief: its two files, the publication it tells of, its first lines as plain text, and all of it as Markdown."""

    markdown: Path
    html: Path
    version: int
    head: list[str]
    text: str


def export_proposals(home: Home, out: Path | None = None, *, language: str = "en") -> list[Path]:
    """Write the latest run's proposals as XLSX and CSV; returns both paths.

    Into `exports/<version>/` of the home, or into the folder `out`. Raises UserError (exit code 2) where nothing is
    published yet, or for a language that there are no words for. Without a plan the files say so.
    """
    from pipelines.exports.files import folder_of, keep_newest, point_to
    from pipelines.exports.proposals import read_proposals
    from pipelines.exports.sheets import write_workbook
    from pipelines.exports.table import write_csv
    from pipelines.words.words import words_in

    words = words_in(language)
    with read_proposals(home) as found:
        folder = folder_of(home, found.source.version, out)
        workbook = write_workbook(found, folder / f"reorder_proposals{words.suffix}.xlsx", words)
        table = write_csv(found, folder / "reorder_proposals.csv")
    if out is None:
        point_to(home, found.source.version)
        keep_newest(home)
    return [workbook, table]


def write_brief(home: Home, out: Path | None = None, *, language: str = "en") -> Brief:
    """Write the daily brief as Markdown and HTML into `exports/<version>/`, or into the folder `out`.

    Raises UserError (exit code 2) where nothing is published yet, or for a language that there are no words for.
    """
    from pipelines.exports.brief import head_of, render
    from pipelines.exports.facts import read_facts
    from pipelines.exports.files import folder_of, keep_newest, point_to, write_text
    from pipelines.words.words import words_in

    words = words_in(language)
    facts = read_facts(home)
    folder = folder_of(home, facts.source.version, out)
    text, page = render(facts, words)
    markdown = write_text(folder / f"brief{words.suffix}.md", text)
    html = write_text(folder / f"brief{words.suffix}.html", page)
    if out is None:
        point_to(home, facts.source.version)
        keep_newest(home)
    return Brief(markdown, html, facts.source.version, head_of(facts, words), text)


def write_docs(home: Home) -> Path:
    """Write the reference of all tables and columns as one static page, `published/docs/index.html`; returns its path.

    In a process of its own, under the build lock; ten seconds or so. Raises UserError (exit code 3) where dbt cannot.
    """
    from pipelines.exports.docs import write_docs as write

    return write(home)
