"""One planning run: read as of an instant, plan, write the result as files that the owner takes.

`spool/plans/<run_id>/` holds one Parquet file for each of the ledger's tables of planning (`ledger.plan_tables`), with its
columns less `commit_id`. The folder is renamed last, so it is there whole or not at all; names that begin
with a dot are not yet results. The run's name comes from what went in: the same inputs give the same run, and doing it
again writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from pipelines.ledger.results import as_table, write_result
from pipelines.planning.inputs import Snapshot, read
from pipelines.planning.policy import Plan, plan
from pipelines.planning.rules import Policy, policy_from_tables
from pipelines.settings import Home

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METHOD_VERSION: Final = 3
"""Part of a run's name; raise it when the same inputs give another plan, or more of it is kept."""


def run_plan(home: Home, as_of: datetime, clock: Callable[[], datetime], database: Path | DuckDBPyConnection | None = None) -> str:
    """Plan as of an instant and leave the result in the home's spool. Returns the run's id.

    `as_of` knows its zone, and its date as written there is the day planned for. `clock` says when the run was made.
    `database`: a file or an open connection to read from; by default dbt's marts. A run that is already there is left
    as it is. Raises UserError where the marts are missing or a policy cannot be used, ValueError for an `as_of` without zone.
    """
    if as_of.tzinfo is None:
        raise ValueError(f"as_of has no time zone: {as_of.isoformat()}")
    snapshot = read(home.marts_file if database is None else database, as_of)
    policy = policy_from_tables(snapshot.policy_tables, as_of.date())
    run_id = run_id_of(as_of, snapshot, policy)
    if not (home.spool / "plans" / run_id).exists():
        planned = plan(snapshot.inputs, policy, as_of.date())
        write_result(home, "plans", run_id, result_tables(planned, run_id, as_of, snapshot.marts_commit_id, clock()))
    return run_id


def run_id_of(as_of: datetime, snapshot: Snapshot, policy: Policy) -> str:
    """The run's id: the instant, readable and sortable, and a hash of everything that decides the plan.

    The commit is not in it: a commit that brings no row planning reads leaves the plan as it is.
    """
    parts = (METHOD_VERSION, as_of.astimezone(UTC).isoformat(), as_of.date().isoformat(), policy, snapshot.inputs.content_hash())
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest[:12]}"


def result_tables(
    planned: Plan, run_id: str, as_of: datetime, marts_commit_id: int | None, planned_at: datetime
) -> dict[str, pl.DataFrame]:
    """The frames of the ledger's plan tables, by name, with exactly their columns less `commit_id`."""
    run = pl.DataFrame(
        {
            "run_id": [run_id],
            "as_of_at": [as_of.astimezone(UTC)],
            "as_of_on": [as_of.date()],
            "marts_commit_id": [marts_commit_id],
            "planned_at": [planned_at.astimezone(UTC)],
        }
    )
    items = planned.items.with_columns(pl.lit(run_id).alias("run_id"))
    keys = planned.proposals.select("item_id", "location_id", "supplier_id").rows()
    ids = [hashlib.sha256(f"{run_id}/{item}/{location}/{supplier}".encode()).hexdigest()[:32] for item, location, supplier in keys]
    ordered = planned.proposals.with_columns(pl.lit(run_id).alias("run_id"), pl.Series("proposal_id", ids, dtype=pl.String))
    supply, settings = (frame.with_columns(pl.lit(run_id).alias("run_id")) for frame in (planned.supply, planned.settings))
    made = {"plan_runs": run, "plan_items": items, "plan_settings": settings, "plan_supply": supply, "plan_proposals": ordered}
    return {name: as_table(frame, name) for name, frame in made.items()}
