"""What happened: the ledger's tables, written by the owner out of everything that the feeds brought.

Belongs here: the ledger as Dagster sees it, and the gates that look at what is new in it. Does not belong here: parsing,
posting or flushing (`pipelines.ingest`, `pipelines.owner`).
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    multi_asset,
)

from orchestration.assets.feeds import FEED_KEYS, observe_feeds
from orchestration.resources import Site
from orchestration.told import RETRY, gate_check, in_words
from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import Home

LEDGER_KEYS: Final = {name: AssetKey(["ledger", name]) for name in LEDGER_TABLES}
GATED: Final = LEDGER_KEYS["events"]
"""The table that the feeds' gates are shown at: every line of every feed has its event there, or its place in quarantine."""

_UNREAD: Final = "Grain: version of one key. Reference data that the owner resolves by; no model reads it."


def ledger_asset(descriptions: Mapping[str, str]) -> AssetsDefinition:
    """All tables of the ledger: one ingest writes them at one commit."""

    @multi_asset(
        name="ledger",
        specs=[
            AssetSpec(key, deps=FEED_KEYS.values(), group_name="ledger", description=descriptions.get(name, _UNREAD), kinds={"parquet"}, owners=["team:data"])
            for name, key in LEDGER_KEYS.items()
        ],
        check_specs=[
            AssetCheckSpec(f"gate_{feed}", asset=GATED, blocking=True, description=f"What is new from feed {feed} meets its declared expectations.")
            for feed in FEED_KEYS
        ],
        retry_policy=RETRY,
    )  # fmt: skip
    def ledger(context: AssetExecutionContext, site: Site) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
        """Take what lies in the landing folders, once, and let the gates look at it."""
        from pipelines import stages
        from pipelines.quality.gates import GateBlocked

        started = time.monotonic()
        with in_words(site):
            try:
                took = stages.ingest(site.at, clock=site.clock, publish=True)
            except GateBlocked as blocked:  # of a home that has no marts yet; what came is in the ledger all the same
                context.log.warning(str(blocked))
            else:
                context.log.info(f"{took.new_deliveries} new deliveries, {took.rows_in} rows, commit {took.commit_id}")
        seconds = time.monotonic() - started
        for table in ledger_tables(site.at):
            yield MaterializeResult(asset_key=table.asset_key, metadata={**table.metadata, "seconds": seconds})
        for observation in observe_feeds(site.at):
            context.log_event(observation)
        yield from feed_checks(site)

    return ledger


def feed_checks(site: Site) -> Iterator[AssetCheckResult]:
    """Look at every feed with something new, and say how all feeds stand."""
    from pipelines.quality.gates import check_feeds, newest_runs
    from pipelines.quality.validating import start_validation

    check_feeds(site.at, clock=site.clock)
    start_validation(site.at)
    newest = newest_runs(site.at)
    for feed in FEED_KEYS:
        yield gate_check(newest.get(f"feed/{feed}"), asset_key=GATED, check_name=f"gate_{feed}")


def ledger_tables(home: Home) -> list[AssetMaterialization]:
    """The ledger's tables as they stand: commit and rows."""
    from pipelines.ledger.files import rows_by_table

    commit_id, rows = rows_by_table(home)
    return [
        AssetMaterialization(key, metadata={"dagster/row_count": rows.get(name, 0), "commit_id": commit_id})
        for name, key in LEDGER_KEYS.items()
    ]
