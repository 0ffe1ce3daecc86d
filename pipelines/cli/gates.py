"""The command that shows the gates: which block, what they found, the first rows that break a rule.

Belongs here: its layout. Does not belong here: the rules (`pipelines.quality`), or what a gate stops (`pipelines.stages`).
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, AsOf, HomeDir, clock_at, home_at
from pipelines.cli.output import Output

COLUMNS = ("gate_kind", "subject", "is_blocked", "checked_at", "rows_checked", "rules", "rules_failed", "report")
RULE_COLUMNS = (
    "gate_kind", "subject", "is_blocked", "checked_at", "rule_code", "table_name", "severity", "is_met", "rows_checked", "rows_failed", "what", "failed_rows", "report",
)  # fmt: skip
_SHOWN_ROWS = 3


def gates(
    home: HomeDir = DEFAULT_HOME,
    check: Annotated[bool, typer.Option("--check", help="Check now what has not been checked yet.")] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Which checks block, and what each found last.

    Exit code 1 while one blocks. With --json or --csv one row per rule. Great Expectations writes the reports under
    exports/quality/ some seconds after a check; until then `report` is empty.
    """
    from pipelines import stages
    from pipelines.quality.gates import newest_runs, report_in_words

    out = Output(as_json=as_json, as_csv=as_csv)
    at = home_at(home)
    runs = stages.check_gates(at, clock=clock_at(as_of)) if check else [run for _, run in sorted(newest_runs(at).items())]
    if out.is_table:
        if not runs:
            out.say("Nothing has been checked yet: the first build does it, or parstock gates --check.")
            return
        out.rows(COLUMNS, [
            (run.gate_kind, run.subject, run.is_blocked, run.checked_at, run.rows_checked, len(run.results), len(run.failed), report_in_words(at, run))
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
                run.gate_kind, run.subject, run.is_blocked, run.checked_at, one.rule_code, one.table_name, one.severity, one.is_met, one.rows_checked,
                one.rows_failed, one.what, json.loads(one.failed_rows) if one.failed_rows else None, str(run.report) if run.report and run.report.exists() else None,
            )
            for run in runs for one in run.results
        ])  # fmt: skip
    if any(run.is_blocked for run in runs):
        out.say(
            "",
            "New tables and plans are on hold. A blocked feed is released by its next good delivery, blocked marts by the next build that passes.",
        )
        raise typer.Exit(1)
