"""The command that shows alerts. It changes nothing.

Belongs here: the question and how the answer is laid out. Does not belong here: what an alert is (dbt: `ops.alerts`).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, HomeDir, home_at
from pipelines.cli.output import Output
from pipelines.errors import UserError

CODES = (
    "stockout", "stock_below_rop", "negative_stock", "inventory_gap", "po_late", "desync", "dropship_feed_stale", "feed_missing",
    "feed_incomplete", "schema_drift", "uom_unknown", "gate_failed", "run_failed",
)  # fmt: skip
_SHOWN = 20
_COLUMNS = (
    "severity, alert_code, state, item_code, location_code, channel_code, supplier_code, subject, what, first_seen_at, last_seen_at, "
    "resolved_at, n_looks, figures, alert_id"
)
_ALERTS_SQL = f"""
select {_COLUMNS}
from ops.alerts
where (state = 'open' or {{with_resolved}}) and (alert_code = '{{code}}' or '{{code}}' = '')
order by state = 'resolved', list_position(['critical', 'warning', 'info'], severity), first_seen_at desc,
    list_position({list(CODES)}, alert_code),
    try_cast(figures ->> '$.recent_demand_units' as bigint) desc nulls last, item_code, location_code, channel_code, subject, alert_id"""


def alerts(
    with_resolved: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help=f"Only this kind: {', '.join(CODES)}.")] = None,
    home: HomeDir = DEFAULT_HOME,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What is wrong now, and since when; the gravest first.

    info: nothing to do, for example because it is ordered already.
    """
    from pipelines.publish.reader import run_sql

    if code is not None and code not in CODES:
        raise UserError(f"no alert is called {code!r}", where=", ".join(CODES), next_step="parstock alerts")
    out = Output(as_json=as_json, as_csv=as_csv)
    found = run_sql(home_at(home), _ALERTS_SQL.format(with_resolved=str(with_resolved).lower(), code=code or ""))
    if not out.is_table:
        out.rows(found.columns, found.rows)
        return
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    out.say(_summary(rows))
    if rows:
        shown = ["severity", "alert_code", *(["state"] if with_resolved else []), "first_seen_at", "what"]
        out.rows(
            [name.removesuffix("_at").replace("_", " ") for name in shown], [tuple(row[name] for name in shown) for row in rows[:_SHOWN]]
        )
    if len(rows) > _SHOWN:
        out.say(f"… {len(rows) - _SHOWN:,} more: parstock alerts --csv, or --code CODE")


def _summary(rows: list[dict[str, Any]]) -> str:
    """How many of which kind are open, the gravest severity of each first."""
    opened = [row for row in rows if row["state"] == "open"]
    counts: dict[tuple[str, str], int] = {}
    for row in opened:
        key = (row["alert_code"], row["severity"])
        counts[key] = counts.get(key, 0) + 1
    text = ", ".join(f"{number:,} {code} ({severity})" for (code, severity), number in counts.items())
    return f"open        {len(opened):,}" + (f": {text}" if text else "")
