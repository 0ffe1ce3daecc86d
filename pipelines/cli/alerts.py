"""The command that shows alerts. It changes nothing.

Belongs here: the question and how the answer is laid out. Does not belong here: what an alert is (dbt: `ops.alerts`).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipelines.alerts.codes import SEVERITIES, alert_codes
from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, HomeDir, home_at
from pipelines.cli.output import Output
from pipelines.errors import UserError
from pipelines.settings import Home

_SHOWN = 20
_COLUMNS = (
    "severity, alert_code, state, item_code, location_code, channel_code, supplier_code, subject, what, first_seen_at, last_seen_at, "
    "resolved_at, n_looks, figures, alert_id, looked_at"
)
_ALERTS_SQL = f"""
select {_COLUMNS}
from ops.alerts
where (state = 'open' or {{with_resolved}}) and (alert_code = '{{code}}' or '{{code}}' = '')
order by state = 'resolved', list_position({list(SEVERITIES)}, severity), first_seen_at desc,
    list_position({list(alert_codes())}, alert_code),
    try_cast(figures ->> '$.recent_demand_units' as bigint) desc nulls last, item_code, location_code, channel_code, subject, alert_id"""
_LOOKED_SQL = "select max(looked_at) from ledger.alert_looks"


def alerts(
    with_resolved: Annotated[bool, typer.Option("--all", help="Also alerts that are resolved.")] = False,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help=f"Only this kind: {', '.join(alert_codes())}.")] = None,
    home: HomeDir = DEFAULT_HOME,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What needs somebody, and since when; the most severe first.

    As of the newest look: after each build and plan, and every few seconds to minutes while `parstock up` runs.
    info: nothing to do, for example because it is ordered already. --code says what to do about that kind.
    """
    from pipelines.publish.reader import run_sql

    if code is not None and code not in alert_codes():
        raise UserError(f"no alert is called {code!r}", where=", ".join(alert_codes()), next_step="parstock alerts")
    out = Output(as_json=as_json, as_csv=as_csv)
    try:
        found = run_sql(home_at(home), _ALERTS_SQL.format(with_resolved=str(with_resolved).lower(), code=code or ""))
    except UserError as error:
        if "looked_at" not in error.what:
            raise
        raise UserError("the published alerts are those of an earlier version", next_step="parstock build", exit_code=1) from error
    if not out.is_table:
        out.rows(found.columns, found.rows)
        return
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    out.say(_summary(rows))
    out.say(f"looked at   {_looked_at(home_at(home))}")
    if code is not None:
        out.say(f"what to do  {alert_codes()[code].to_do['en']}")
    if rows:
        shown = ["severity", "alert_code", *(["state"] if with_resolved else []), "first_seen_at", "what"]
        out.rows(
            [name.removesuffix("_at").replace("_", " ") for name in shown], [tuple(row[name] for name in shown) for row in rows[:_SHOWN]]
        )
    if len(rows) > _SHOWN:
        out.say(f"… {len(rows) - _SHOWN:,} more: parstock alerts --csv, or --code CODE")


def _looked_at(home: Home) -> str:
    """When the alerts were looked at, or that they never were: then none is known."""
    from pipelines.publish.reader import run_sql

    ((looked_at,),) = run_sql(home, _LOOKED_SQL).rows
    return f"{looked_at:%Y-%m-%d %H:%M:%S} UTC" if looked_at else "never; next: parstock build"


def _summary(rows: list[dict[str, Any]]) -> str:
    """How many of which kind are open, the most severe first."""
    opened = [row for row in rows if row["state"] == "open"]
    counts: dict[tuple[str, str], int] = {}
    for row in opened:
        key = (row["alert_code"], row["severity"])
        counts[key] = counts.get(key, 0) + 1
    text = ", ".join(f"{number:,} {code} ({severity})" for (code, severity), number in counts.items())
    return f"open        {len(opened):,}" + (f": {text}" if text else "")
