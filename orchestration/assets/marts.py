"""What the ledger means: dbt's seeds and models, staging to marts, and their tests as checks.

Belongs here: running dbt the way dagster-dbt does, on the home's own target. Does not belong here: SQL (the dbt project),
and what follows a build, its gate and its export (`publish`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetExecutionContext,
    AssetMaterialization,
    AssetObservation,
    AssetsDefinition,
    Output,
)
from dagster_dbt import DbtCliInvocation, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestration.dbt import PathTranslator
from orchestration.resources import Site
from orchestration.told import RETRY, in_words
from pipelines.settings import DBT_PROJECT, Settings

DBT_POOL: Final = "dbt"
"""One dbt at a time: it writes one file."""

DbtEvent = Output[Any] | AssetMaterialization | AssetObservation | AssetCheckResult | AssetCheckEvaluation


def marts_asset(manifest: Mapping[str, Any]) -> AssetsDefinition:
    """Everything dbt builds, in one step: the models of a build see one commit."""

    @dbt_assets(manifest=manifest, name="dbt_build", dagster_dbt_translator=PathTranslator(), pool=DBT_POOL, retry_policy=RETRY)
    def dbt_build(context: AssetExecutionContext, site: Site, dbt: DbtCliResource) -> Iterator[DbtEvent]:
        """Build and test all models on the ledger's newest commit, unless a feed's gate blocks."""
        with in_words(site):
            prepare(site)
        yield from run_dbt(context, site, dbt)

    return dbt_build


def prepare(site: Site) -> None:
    """Bring the ledger's files up to date and take the build lock.

    Raises UserError for a policy that cannot be used, GateBlocked while a feed's newest gate blocks.
    """
    from pipelines import stages
    from pipelines.marts.standing_nodes import begin
    from pipelines.policies.check import check_policies
    from pipelines.quality.gates import check_feeds, require_feeds_open

    check_policies()
    stages.flush(site.at, clock=site.clock)
    site.hold_build_lock()
    check_feeds(site.at, clock=site.clock)
    require_feeds_open(site.at)
    begin(site.at, DBT_PROJECT)


def run_dbt(context: AssetExecutionContext, site: Site, dbt: DbtCliResource) -> Iterator[DbtEvent]:
    """`dbt build` of the whole project in the home's target; the row counts are read when dbt has let go of its file.

    Tables of another version of the project are made anew. What fails is kept as the gate `marts/build`, as after any build.
    """
    from pipelines.marts.artifacts import results_written
    from pipelines.marts.dbt import environment
    from pipelines.marts.export import marts_rows
    from pipelines.marts.made_by import is_of_another_version, remember_version

    target = site.at.run / "dbt" / "target"
    anew = ["--full-refresh"] if is_of_another_version(site.at, DBT_PROJECT) else []
    before = results_written(site.at)
    with environment(site.at, site.clock()):
        invocation = dbt.cli(
            ["build", *anew, "--exclude-resource-type", "unit_test", "--threads", str(Settings().threads)],
            context=context,
            target_path=target,
            raise_on_error=True,
        )
        try:
            events = list(_events(invocation, context))
        except DagsterDbtCliRuntimeError:
            if results_written(site.at) != before:  # else dbt ended before it ran anything
                _keep_failed(site)
            raise
    remember_version(site.at, DBT_PROJECT)
    rows = marts_rows(site.at)
    for event in events:
        yield _with_rows(event, rows, context)


def _keep_failed(site: Site) -> None:
    """Let what failed stand where people look: the gate `marts/build`, and the alert that it gives."""
    from pipelines.marts.artifacts import failed_nodes
    from pipelines.marts.failures import findings_of
    from pipelines.quality.gates import keep_failed

    if failed := failed_nodes(site.at):
        keep_failed(site.at, findings_of(site.at, failed), clock=site.clock)


def _events(invocation: DbtCliInvocation, context: AssetExecutionContext) -> Iterator[DbtEvent]:
    """What dbt says of its nodes, in Dagster's words; without the views over the plan, which planning makes."""
    for event in invocation.stream_raw_events():
        node = event.raw_event["data"].get("node_info", {}).get("unique_id")
        if node is not None and node not in invocation.manifest["nodes"]:
            continue
        yield from event.to_default_asset_events(
            invocation.manifest, invocation.dagster_dbt_translator, context, invocation.target_path, invocation.project
        )


def _with_rows(event: DbtEvent, rows: Mapping[str, int], context: AssetExecutionContext) -> DbtEvent:
    if not isinstance(event, Output):
        return event
    table = ".".join(context.asset_key_for_output(event.output_name).path)
    return event.with_metadata({**event.metadata, "dagster/row_count": rows[table]}) if table in rows else event
