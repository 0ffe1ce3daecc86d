"""How the product's own errors and gate runs look in Dagster.

Belongs here: turning `UserError`, `GateBlocked` and gate results into Dagster's words. Does not belong here: what a gate asks.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final

from dagster import AssetCheckResult, AssetCheckSeverity, AssetKey, Backoff, Failure, Jitter, MetadataValue, RetryPolicy, TableRecord

from orchestration.resources import Site
from pipelines.errors import UserError
from pipelines.quality.gates import GateBlocked, GateResult, GateRun

RETRY: Final = RetryPolicy(max_retries=3, delay=5, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
"""For what may pass by itself: a lock held by another, an owner that went away. Every stage may be run again."""


@contextlib.contextmanager
def in_words(site: Site) -> Iterator[None]:
    """Fail with the error's own words. Data and usage are not tried again: only a person corrects them.

    Readers hear of a gate that blocks: the owner publishes the ledger and the hot views all the same.
    """
    from pipelines import stages

    try:
        yield
    except UserError as error:
        if isinstance(error, GateBlocked):
            stages.publish_and_watch(site.at, clock=site.clock)
        metadata: dict[str, Any] = {"what": error.what, "where": MetadataValue.text(error.where or ""), "next": error.next_step or ""}
        raise Failure(description=str(error), metadata=metadata, allow_retries=error.exit_code > 2) from error


def gate_check(run: GateRun | None, *, asset_key: AssetKey, check_name: str) -> AssetCheckResult:
    """A gate's newest look as the result of an asset check: how many rows broke which rule, and the first of them."""
    if run is None:
        return AssetCheckResult(asset_key=asset_key, check_name=check_name, passed=True, metadata={"what": "nothing has come yet"})
    metadata: dict[str, Any] = {
        "rules": len(run.results), "rules_broken": len(run.failed), "rows_checked": run.rows_checked, "checked_at": run.checked_at.isoformat(),
    }  # fmt: skip
    if run.failed:
        metadata["broken"] = MetadataValue.table([_broken(one) for one in run.failed])
        metadata["failed_rows"] = MetadataValue.json({one.rule_code: json.loads(one.failed_rows or "[]") for one in run.failed})
    if run.report:
        is_there = run.report.exists()
        # Great Expectations writes it after the look, and only the newest are kept.
        metadata["report"] = MetadataValue.path(str(run.report)) if is_there else f"not there yet, or no longer: {run.report}"
    severity = AssetCheckSeverity.ERROR if run.is_blocked else AssetCheckSeverity.WARN
    return AssetCheckResult(asset_key=asset_key, check_name=check_name, passed=not run.failed, severity=severity, metadata=metadata)


def _broken(one: GateResult) -> TableRecord:
    return TableRecord({
        "rule": one.rule_code, "severity": one.severity, "table": one.table_name, "column": one.column_name or "",
        "rows_failed": one.rows_failed, "rows_checked": one.rows_checked, "what": one.what,
    })  # fmt: skip
