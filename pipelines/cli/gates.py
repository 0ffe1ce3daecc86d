"""The command that shows the gates: which block, what they found, the first rows that break a rule; and lets one pass.

Belongs here: its layout. Does not belong here: the rules (`pipelines.quality`), or what a gate stops (`pipelines.stages`).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

import typer

from pipelines.cli.decisions import Author, tell
from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, AsOf, HomeDir, clock_at, home_at
from pipelines.cli.output import Output
from pipelines.errors import UserError
from pipelines.settings import Home

COLUMNS = ("gate_kind", "subject", "is_blocked", "checked_at", "rows_checked", "rules", "rules_failed", "report")
RULE_COLUMNS = (
    "gate_kind", "subject", "is_blocked", "checked_at", "rule_code", "table_name", "severity", "is_met", "rows_checked", "rows_failed",
    "what", "failed_rows", "report", "gate_run_id",
)  # fmt: skip
_SHOWN_ROWS = 3


def gates(
    home: HomeDir = DEFAULT_HOME,
    check: Annotated[bool, typer.Option("--check", help="Check now what has not been checked yet.")] = False,
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="RUN", help="Let pass what this run blocks, then build. Needs --reason.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why it may pass; kept with the decision.")] = None,
    author: Author = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Which checks block, and what each found last.

    Exit code 1 while one blocks. --accept lets a run of a gate pass that blocks: what it found may stand, and no more than that; the
    decision is kept with its author and can be undone. With --json or --csv one row per rule. Great Expectations writes the reports under
    exports/quality/ some seconds after a check; until then `report` is empty.
    """
    from pipelines import stages
    from pipelines.quality.gates import blocked_by, newest_runs, report_in_words

    out = Output(as_json=as_json, as_csv=as_csv)
    at = home_at(home)
    if accept is not None:
        _accept(out, at, accept, reason=reason, author=author, as_of=as_of)
        return
    runs = stages.check_gates(at, clock=clock_at(as_of)) if check else [run for _, run in sorted(newest_runs(at).items())]
    blocking = blocked_by(at)
    on_hold = {run.gate_run_id for run in blocking}
    if out.is_table:
        if not runs:
            out.say("Nothing has been checked yet: the first build does it, or parstock gates --check.")
            return
        out.rows(COLUMNS, [
            (run.gate_kind, run.subject, run.gate_run_id in on_hold, run.checked_at, run.rows_checked, len(run.results), len(run.failed), report_in_words(at, run))
            for run in runs
        ])  # fmt: skip
        for run in runs:
            for one in run.failed:
                word = "blocks" if one.severity == "block" else "warns "
                out.say("", f"{word}  {one.rule_code}: {one.what}" + (f"; {one.rows_in_words}" if one.rows_failed else ""))
                for row in json.loads(one.failed_rows or "[]")[:_SHOWN_ROWS]:
                    out.say("        " + ", ".join(f"{name} {'∅' if value is None else value}" for name, value in row.items()))
    else:
        out.rows(RULE_COLUMNS, [
            (
                run.gate_kind, run.subject, run.gate_run_id in on_hold, run.checked_at, one.rule_code, one.table_name, one.severity, one.is_met, one.rows_checked,
                one.rows_failed, one.what, json.loads(one.failed_rows) if one.failed_rows else None, str(run.report) if run.report and run.report.exists() else None,
                run.gate_run_id,
            )
            for run in runs for one in run.results
        ])  # fmt: skip
    if blocking:
        out.say(
            "",
            "New tables and plans are on hold. A blocked feed is released by its next good delivery, blocked marts by the next build that passes.",
            *(f'Let it pass: parstock gates --accept {run.gate_run_id} --reason "…"' for run in blocking),
        )
        raise typer.Exit(1)


def _accept(out: Output, home: Home, run: str, *, reason: str | None, author: str | None, as_of: datetime | None) -> None:
    """Take the decision, and build with it."""
    from pipelines import deciding, stages

    if not reason:
        raise UserError("a decision needs its reason", next_step="--reason TEXT")
    clock = clock_at(as_of)
    tell(out, deciding.accept_gate(home, run, reason=reason, author=deciding.author_of(author), clock=clock))
    built = stages.build(home, clock=clock)
    if out.is_table:
        out.say(f"Built {built.name}.")
