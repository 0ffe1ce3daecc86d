"""The command that gives a reason for every number: explain.

Belongs here: reading the command line and printing. Does not belong here: the chain itself (`pipelines.explain`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, HomeDir, home_at
from pipelines.errors import UserError


def explain(
    target: Annotated[str, typer.Argument(metavar="ITEM@LOCATION", help="Item code and location code, joined by @.")],
    home: HomeDir = DEFAULT_HOME,
    lang: Annotated[str, typer.Option("--lang", metavar="en|fr", help="Language of labels and sentences.")] = "en",
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="FILE", help="Also draw stock, demand and orders to FILE (.png or .html).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Why an item should be ordered at a location, or not.

    Term by term, from the proposal back to the movements and the file lines they came from. Compares the chosen reorder point with the textbook formula.
    """
    from pipelines.explain.chain import explain as chain_of
    from pipelines.explain.text import chain_text
    from pipelines.words.catalogue import check_language

    item_code, at, location_code = target.rpartition("@")
    if not (at and item_code and location_code):
        raise UserError(f"{target!r} is not an item at a location", next_step="parstock explain ITEM@LOCATION")
    language = check_language(lang)
    explanation = chain_of(home_at(home), item_code, location_code, with_history=chart is not None)
    if chart:
        from pipelines.explain.page import write_chart

        write_chart(explanation, chart, language=language)
    print(explanation.to_json(language) if as_json else chain_text(explanation, language))
