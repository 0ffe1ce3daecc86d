"""`parstock demo`: a grocer's real year through every stage, and what came of it.

Belongs here: the order of the demo, what it prints, and how a second run knows that there is nothing to do. Does not
belong here: the world (`pipelines.simulate`) or the stages.

The process that builds the marts loads what it needs while the year is being written.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines import stages
from pipelines.build.process import builder_of
from pipelines.cli.listing import for_people, reorder_list
from pipelines.cli.output import shown
from pipelines.cli.progress import progress
from pipelines.errors import UserError
from pipelines.owner.owner import Owner
from pipelines.quality.validating import validated, validated_later
from pipelines.simulate.demo import DEMO_AS_OF, write_demo

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.cli.output import Output
    from pipelines.exports.write import Brief
    from pipelines.settings import Home

SHOWN = 5
_COUNTS_SQL = """
select (select count(*) filter (not is_reversal) - count(*) filter (is_reversal) from core.fct_movements where leg_no = 1), (select count(*) from core.dim_item),
    (select count(*) from core.dim_location where not is_virtual), (select cast(sum(on_hand_units) as bigint) from stock.on_hand),
    (select count(*) from ops.quarantine where is_waiting), (select count(*) from ops.quarantine where not is_waiting),
    (select cast(sum(duplicate) as bigint) from ops.deliveries), (select cast(sum(rows_in) as bigint) from ops.deliveries)"""


def show_demo(home: Home, out: Output) -> None:
    """Make the demo's home, or find it made, and print what there is. Raises UserError in a home with other data."""
    started = time.monotonic()
    as_of = datetime.fromisoformat(DEMO_AS_OF)
    home.make()
    _require_own(home)

    def clock() -> datetime:
        return as_of

    with (
        validated_later(home), progress() as say, builder_of(home, clock=clock) as builder,
        Owner(home, clock=clock, publish_seconds=1.0, on_applied=stages.tell_applied(say)) as owner, validated(home),
    ):  # fmt: skip
        story = _landing(home, say)
        result = stages.run_with(home, owner, clock=clock, as_of=as_of, say=say, builder=builder)
    columns, rows, summary = reorder_list(home, result.run_id, limit=None)
    if not out.is_table:
        out.rows(columns, rows)
        return
    brief, workbook = _exports(home)
    out.say(*story, "", *_counts(home), f"plan        as of {as_of:%Y-%m-%d %H:%M}: {summary}", "", *brief.head, "")
    out.rows(*for_people(columns, rows[:SHOWN]))
    out.say(f"… {len(rows) - SHOWN:,} more: {shown(workbook)}" if len(rows) > SHOWN else "", "")
    out.say(
        f"file        {shown(home.published_file)}   (any DuckDB from 1.2 on opens it, read-only)",
        f"page        {shown(brief.html)}",
        'ask         parstock sql "select * from stock.on_hand limit 10"',
    )
    if rows:
        first = dict(zip(columns, rows[0], strict=True))
        out.say(f"why         parstock explain {first['item_code']}@{first['location_code']}")
    out.say("tables      parstock sql")
    if result.is_no_op:
        out.say("", "Nothing was new: this home holds the demo already, and its build and plan still stand.")
    out.say(f"took        {time.monotonic() - started:.0f} s")


def _exports(home: Home) -> tuple[Brief, Path]:
    """Write what to order and the brief; returns the brief and the workbook."""
    from pipelines.exports.write import export_proposals, write_brief

    workbook, _ = export_proposals(home)
    return write_brief(home), workbook


def _marker(home: Home) -> Any:
    return home.run / "demo.json"


def _require_own(home: Home) -> None:
    """Never mix the demo into somebody's data."""
    if not _marker(home).exists() and any(path.is_file() for path in home.landing.rglob("*")):
        raise UserError("this home already has data", where=str(home.landing), next_step="parstock demo --home DIR, with a new DIR")


def _landing(home: Home, say: stages.Say) -> list[str]:
    """Write the landing folder unless it was written whole before; returns what is real in it and what is not."""
    marker = _marker(home)
    if marker.exists():
        said = json.loads(marker.read_text(encoding="utf-8"))
        if said["story"]:
            return list(said["story"])
    marker.write_text(json.dumps({"story": []}), encoding="utf-8")
    report = write_demo(home.landing, on_progress=lambda text: say("note", {"text": text}))
    marker.write_text(json.dumps({"story": report.describe()}), encoding="utf-8")
    return report.describe()


def _counts(home: Home) -> list[str]:
    from pipelines.publish.reader import run_sql

    movements, items, places, units, waiting, refused, duplicate, rows_in = run_sql(home, _COUNTS_SQL).rows[0]
    return [
        f"read        {rows_in:,} lines, {duplicate:,} of them twice; quarantined {waiting + refused:,} ({waiting:,} waiting, {refused:,} refused): parstock rejects",
        f"stock       {items:,} items at {places} locations, {units:,} units, from {movements:,} movements",
    ]
