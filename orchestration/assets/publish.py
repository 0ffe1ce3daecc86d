"""What readers get: a build that passed its gate, the published version, and the watch over both.

Belongs here: gate and export of a build, publishing, the look at alerts. Does not belong here: how any of it is done
(`pipelines.build.build`, `pipelines.quality`, `pipelines.publish`, `pipelines.alerts`).
"""

import time
from collections.abc import Iterator
from typing import Any

from dagster import AssetCheckResult, AssetCheckSpec, AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, asset

from orchestration.assets.planning import PLAN_KEYS
from orchestration.resources import Site
from orchestration.told import RETRY, gate_check, in_words

MARTS_BUILD = AssetKey(["publish", "marts_build"])
SNAPSHOT = AssetKey(["publish", "snapshot"])


def marts_build_asset(marts: AssetsDefinition) -> AssetsDefinition:
    """Gate and export of what dbt has built."""

    @asset(
        key=MARTS_BUILD, group_name="publish", deps=sorted(marts.keys), kinds={"parquet"}, owners=["team:data"], retry_policy=RETRY,
        check_specs=[AssetCheckSpec("gate", asset=MARTS_BUILD, blocking=True, description="The marts meet their declared expectations.")],
    )  # fmt: skip
    def marts_build(context: AssetExecutionContext, site: Site) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
        """The newest dbt build, past its gate, as files that readers get. Blocked, it leaves what they read as it was."""
        yield from _finish(context, site)

    return marts_build


def _finish(context: AssetExecutionContext, site: Site) -> Iterator[MaterializeResult[Any] | AssetCheckResult]:
    from pipelines.build.build import finish_build, nodes_of_artifacts
    from pipelines.marts.standing_nodes import begun, remember
    from pipelines.quality.gates import GateBlocked, newest_runs
    from pipelines.settings import DBT_PROJECT

    started = time.monotonic()
    with in_words(site):
        site.hold_build_lock()
        nodes, finished_at = nodes_of_artifacts(site.at)
        try:
            build = finish_build(site.at, nodes, finished_at=finished_at, clock=site.clock)
            remember(site.at, DBT_PROJECT, nodes, begun(site.at))
        except GateBlocked as blocked:
            for run in blocked.runs:
                yield gate_check(run, asset_key=MARTS_BUILD, check_name="gate")
            raise
        finally:
            site.release_build_lock()
    rows = {relation.full_name: relation.rows for relation in build.relations if relation.rows is not None}
    yield gate_check(newest_runs(site.at).get("marts/marts"), asset_key=MARTS_BUILD, check_name="gate")
    yield MaterializeResult(
        asset_key=MARTS_BUILD,
        metadata={
            "build": build.name, "commit_id": build.commit_id, "tables": len(rows), "dagster/row_count": sum(rows.values()),
            "seconds": time.monotonic() - started,
        },
    )  # fmt: skip


@asset(key=SNAPSHOT, group_name="publish", deps=[MARTS_BUILD, *PLAN_KEYS], kinds={"duckdb"}, owners=["team:data"], retry_policy=RETRY)
def snapshot(site: Site) -> MaterializeResult[Any]:
    """The DuckDB file that everyone reads: newest ledger, newest marts, newest plan, one version."""
    from pipelines import stages

    started = time.monotonic()
    with in_words(site):
        file, _ = stages.publish(site.at, clock=site.clock)
    return MaterializeResult(
        metadata={"version": file.stem.rpartition("_")[2], "bytes": file.stat().st_size, "seconds": time.monotonic() - started}
    )


@asset(key=AssetKey(["ops", "alert_watch"]), group_name="ops", deps=[SNAPSHOT], kinds={"python"}, owners=["team:data"], retry_policy=RETRY)
def alert_watch(site: Site) -> MaterializeResult[Any]:
    """Look at what is wrong now, and store it: what is open, what opened, what is over (`ops.alerts`)."""
    from pipelines import stages

    started = time.monotonic()
    with in_words(site):
        open_alerts = stages.publish_and_watch(site.at, clock=site.clock)
    return MaterializeResult(metadata={"open_alerts": open_alerts, "seconds": time.monotonic() - started})
