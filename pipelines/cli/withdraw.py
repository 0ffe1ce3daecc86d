"""The command `withdraw`: take back all that a delivery posted.

Belongs here: its options and layout. Does not belong here: finding the delivery and taking the decision (`pipelines.deciding`), or what
the owner does (`pipelines.owner.apply.withdrawing`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.decisions import Author, tell
from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, AsOf, HomeDir, clock_at, home_at
from pipelines.cli.output import Output


def withdraw(
    delivery: Annotated[
        str, typer.Argument(metavar="DELIVERY", help="Its id (ops.deliveries), the beginning of it, or its path under landing.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the decision.")],
    author: Author = None,
    home: HomeDir = DEFAULT_HOME,
    as_of: AsOf = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Take back all that a delivery posted: it counts as never sent.

    Every movement, order and observation of it is reversed, as known from now on, and its rows that wait go. What came or comes with
    the same keys counts as new. Its counts stay in ops.deliveries, with withdrawn_at and withdrawn_by. parstock undo posts it again,
    but for what something else has replaced. The file stays in landing and is not taken again.
    """
    from pipelines import deciding

    out = Output(as_json=as_json, as_csv=as_csv)
    at = home_at(home)
    found = deciding.delivery_named(at, delivery)
    act = {"kind": "withdraw", "delivery_id": found.delivery_id, "reason": reason}
    made = deciding.decide(at, [act], author=deciding.author_of(author), clock=clock_at(as_of))
    if out.is_table:
        out.say(f"Withdrawn: {found.source_uri}, {found.rows_in:,} rows, first seen {found.first_known_at}")
    tell(out, made)
