"""Commands that write files for people: export, brief.

Belongs here: reading the command line, and saying where the files are. Does not belong here: what is in them
(`pipelines.exports`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, HomeDir, home_at
from pipelines.cli.output import Output

Lang = Annotated[str, typer.Option("--lang", metavar="en|fr", help="Language of labels and sentences.")]
OutDir = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write to DIR instead of exports/<version>/ of the home.")]


def export(
    home: HomeDir = DEFAULT_HOME,
    out_dir: OutDir = None,
    lang: Lang = "en",
    docs: Annotated[
        bool, typer.Option("--docs", help="Also write the reference of all tables: published/docs/index.html (ten seconds or more).")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What to order as XLSX and CSV, with the daily brief.

    All from one publication, in exports/<version>/; exports/latest points to the newest. The newest twenty are kept.
    """
    from pipelines.exports.write import export_proposals, write_brief, write_docs

    out = Output(as_json=as_json, as_csv=as_csv)
    workbook, table = export_proposals(home_at(home), out_dir, language=lang)
    brief = write_brief(home_at(home), out_dir, language=lang)
    files = [("proposals", workbook), ("proposals", table), ("brief", brief.markdown), ("brief", brief.html)]
    if docs:
        files.append(("docs", write_docs(home_at(home))))
    out.rows(["what", "version", "file"], [(what, brief.version, str(path)) for what, path in files])


def brief(
    home: HomeDir = DEFAULT_HOME,
    lang: Lang = "en",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write the page to FILE: one file, nothing else needed.")
    ] = None,
) -> None:
    """What changed, what runs out, what to order, what is missing.

    Prints the daily brief of the current publication as Markdown; it is also written to exports/<version>/, with an HTML page.
    """
    from pipelines.exports.files import write_text
    from pipelines.exports.write import write_brief

    written = write_brief(home_at(home), language=lang)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(written.text))
    else:
        print(written.text, end="")
    page = written.html
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        page = write_text(html, written.html.read_text(encoding="utf-8"))
    print(f"files  {written.markdown}\n       {page}", file=sys.stderr)
