"""What runs when something happens: deliveries, silence of the stream, and runs that fail, and those that succeed again.

Belongs here: looking, and asking for runs or alerts. Does not belong here: what an alert is (`pipelines.alerts`).
"""

import json
from typing import Any, Final

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    RunStatusSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)  # fmt: skip

from orchestration.assets.feeds import observe_feeds
from orchestration.assets.ledger import ledger_tables
from orchestration.jobs import INGEST_FEEDS, KPI_REFRESH
from orchestration.resources import Site
from pipelines.processes.heartbeat import Heartbeat, heartbeats, is_up
from pipelines.settings import Home

SENSOR_SECONDS: Final = 30
_RUNNING: Final = DefaultSensorStatus.RUNNING


@sensor(name="new_deliveries", jobs=[INGEST_FEEDS, KPI_REFRESH], minimum_interval_seconds=SENSOR_SECONDS, default_status=_RUNNING)
def new_deliveries(context: SensorEvaluationContext, site: Site) -> SensorResult:
    """Ask for an ingest of what has landed, and for marts on what is new in the ledger; each once.

    What the standing processes of `parstock up` do by themselves is shown here, and left to them.
    """
    from pipelines import stages
    from pipelines.ingest.sources.candidates import landing_mark
    from pipelines.ledger.files import read_current

    home, before = site.at, json.loads(context.cursor or "{}")
    current = read_current(home)
    now: dict[str, Any] = {"landing": landing_mark(home), "commit_id": current.commit_id if current else 0}
    standing = {one.part for one in heartbeats(home) if one.is_alive}
    requests = []
    if "stream" not in standing and now["landing"] not in ("", before.get("landing")):
        requests.append(RunRequest(run_key=f"landing-{now['landing']}", job_name=INGEST_FEEDS.name))
    if "builds" not in standing and current is not None and current.newest_known_at and not stages.is_built(home, current.ledger_hash):
        requests.append(RunRequest(run_key=f"ledger-{current.generation}-{current.commit_id}", job_name=KPI_REFRESH.name))
    seen: list[Any] = [*ledger_tables(home), *observe_feeds(home)] if now["commit_id"] != before.get("commit_id") else []
    return SensorResult(
        run_requests=requests, cursor=json.dumps(now), asset_events=seen,
        skip_reason=None if requests else SkipReason("parstock up takes what comes" if standing else "nothing new has landed or been committed"),
    )  # fmt: skip


@sensor(name="standing_processes", minimum_interval_seconds=SENSOR_SECONDS, default_status=_RUNNING)
def standing_processes(context: SensorEvaluationContext, site: Site) -> SkipReason:
    """Raise an alert for each standing process that has gone silent, and resolve it when it speaks again."""
    home = site.at
    silent = {one.part: one for one in silent_parts(home)}
    before = set(json.loads(context.cursor or "[]"))
    for part in sorted(silent.keys() - before):
        _raise(
            site,
            "process_silent",
            part,
            f"{part} gave no sign of life for {silent[part].age_seconds:.0f} s",
            {"age_seconds": silent[part].age_seconds},
        )
    for part in sorted(before - silent.keys()):
        _resolve(site, "process_silent", part)
    context.update_cursor(json.dumps(sorted(silent)))
    if silent:
        return SkipReason("silent: " + ", ".join(f"{part} for {one.age_seconds:.0f} s" for part, one in sorted(silent.items())))
    return SkipReason("all that runs gives signs of life")


def silent_parts(home: Home) -> list[Heartbeat]:
    """Parts that should speak and do not; none while `parstock up` is not meant to run."""
    return [one for one in heartbeats(home) if not one.is_alive] if is_up(home) else []


def run_sensors(home: str) -> list[SensorDefinition]:
    """A failed run is an alert until the same job has run well."""
    site = Site(home=home)

    @run_failure_sensor(name="failed_runs", minimum_interval_seconds=SENSOR_SECONDS, default_status=_RUNNING)
    def failed_runs(context: RunFailureSensorContext) -> None:
        _raise(site, "run_failed", context.dagster_run.job_name, _why(context), {"dagster_run_id": context.dagster_run.run_id})

    @run_status_sensor(DagsterRunStatus.SUCCESS, name="healed_runs", minimum_interval_seconds=SENSOR_SECONDS, default_status=_RUNNING)
    def healed_runs(context: RunStatusSensorContext) -> None:
        _resolve(site, "run_failed", context.dagster_run.job_name)

    return [failed_runs, healed_runs]


def _why(context: RunFailureSensorContext) -> str:
    """The first step's own words, else the run's."""
    for event in context.get_step_failure_events():
        error = event.step_failure_data.user_failure_data
        if error is not None and error.description:
            return error.description
        if event.step_failure_data.error is not None:
            return event.step_failure_data.error.message.strip()
    return context.failure_event.message or "the run failed"


def _raise(site: Site, code: str, subject: str, what: str, figures: dict[str, Any]) -> None:
    from pipelines.alerts.watch import raise_alert

    raise_alert(site.at, code=code, subject=subject, severity="critical", what=what, figures=figures, clock=site.clock)


def _resolve(site: Site, code: str, subject: str) -> None:
    from pipelines.alerts.watch import resolve_alert

    resolve_alert(site.at, code=code, subject=subject, clock=site.clock)


SENSORS: Final = [new_deliveries, standing_processes]
