"""The commands on what people decided: `decisions` lists it, `undo` takes one back.

Belongs here: their options and layout. Does not belong here: taking decisions (`pipelines.deciding`), or the commands by which they are
made, which stand with what they are about (`rejects`, `gates`).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, AsOf, HomeDir, clock_at, home_at
from pipelines.cli.output import Output

COLUMNS = ("decision_id", "decided_at", "author", "kind", "is_in_force", "subject", "reason")
_SUBJECTS = ("delivery_id", "line_no", "gate_run_id", "undoes_decision_id")

Author = Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who decides. Default: whoever is logged in.")]


def decisions(
    home: HomeDir = DEFAULT_HOME,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Show this many, the newest first. Default: all.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What was decided, by whom, why, and whether it stands.

    The published table is plan.decisions. Nothing is ever changed: parstock undo takes a decision back by another one.
    """
    from pipelines import deciding

    out = Output(as_json=as_json, as_csv=as_csv)
    found = deciding.decided(home_at(home))
    if not found:
        if out.is_table:
            out.say("Nothing has been decided yet.")
        else:
            out.rows(COLUMNS, [])
        return
    out.rows(COLUMNS, [
        (one.decision_id, one.decided_at, one.author, one.kind, stands, _subject(one), one.reason) for one, stands in found[:limit]
    ])  # fmt: skip


def undo(
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="Its id or the beginning of it, or the id of a batch.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the decision.")],
    author: Author = None,
    home: HomeDir = DEFAULT_HOME,
    as_of: AsOf = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Undo a decision: what it did ends, and it stays on record."""
    from pipelines import deciding

    out = Output(as_json=as_json, as_csv=as_csv)
    at = home_at(home)
    made = deciding.undo(at, decision, reason=reason, author=deciding.author_of(author), clock=clock_at(as_of))
    tell(out, made)


def tell(out: Output, made: list[dict[str, Any]]) -> None:
    """Print decisions that were just taken: for a machine the rows, for people how many and how to undo them."""
    if not out.is_table:
        names = ("decision_id", "batch_id", "decided_at", "author", "kind", "reason", *_SUBJECTS)
        out.rows(names, [tuple(one[name] for name in names) for one in made])
        return
    one, is_single = made[0], len(made) == 1
    out.say(f"{'Decided' if is_single else f'{len(made):,} decisions'}: {one['kind']} by {one['author']}, {one['reason']}")
    if one["kind"] != "undo":
        out.say(
            f"To take {'it' if is_single else 'them'} back: parstock undo {one['decision_id' if is_single else 'batch_id']} --reason TEXT"
        )


def _subject(one: Any) -> str:
    """What a decision is about, in short."""
    named = [str(getattr(one, name)) for name in _SUBJECTS if getattr(one, name) is not None]
    return ":".join(named)
