"""Everything put together: `defs` is what Dagster loads.

Belongs here: the assembly. Does not belong here: any of the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dagster import Definitions, in_process_executor

from orchestration import dbt
from orchestration.assets import exports, feeds, ledger, marts, planning, publish
from orchestration.checks import CHECKS
from orchestration.jobs import JOBS
from orchestration.resources import Site, dbt_of
from orchestration.schedules import schedules_of
from orchestration.sensors import SENSORS, run_sensors
from pipelines.marts.manifest import manifest_of
from pipelines.settings import Home, Settings


def build_definitions(*, home: Path | None = None, settings: Settings | None = None, crons: Mapping[str, str] | None = None) -> Definitions:
    """All of it, for one home (default: `PARSTOCK_HOME`); `crons` replaces the time of a job's schedule.

    Needs no data in the home. dbt's manifest is read from there, parsed first where the project has changed.
    """
    settings = settings or Settings()
    root = (home or settings.home).resolve()
    path = manifest_of(Home(root))
    manifest = dbt.manifest_for_assets(path)
    built = marts.marts_asset(manifest)
    return Definitions(
        assets=[
            *feeds.FEED_SPECS,
            ledger.ledger_asset(dbt.ledger_descriptions(manifest)),
            built,
            publish.marts_build_asset(built),
            planning.planning_asset(dbt.planned_descriptions(path)),
            publish.snapshot,
            publish.alert_watch,
            exports.reorder_proposals,
            exports.daily_brief,
            exports.dbt_docs,
        ],
        asset_checks=CHECKS,
        jobs=JOBS,
        schedules=schedules_of(settings, crons or {}),
        sensors=[*SENSORS, *run_sensors(str(root))],
        resources={"site": Site(home=str(root), as_of=settings.as_of), "dbt": dbt_of()},
        executor=in_process_executor,
    )


defs = build_definitions()
