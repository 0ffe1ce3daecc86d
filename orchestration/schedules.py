"""When the jobs run: by the site's clock, and quiet on days when nobody orders.

Belongs here: times and closed days. Does not belong here: what depends on something that happens (`sensors`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from dagster import DefaultScheduleStatus, RunRequest, ScheduleDefinition, ScheduleEvaluationContext, SkipReason, schedule

from pipelines.policies.calendars import read_calendar
from pipelines.settings import DBT_PROJECT, Settings


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """A job's time of day (cron, the site's clock), and whether it rests when nobody orders."""

    job: str
    cron: str
    rests: bool = False


TIMINGS: Final = (
    # The day's late files are in by then; what comes later is seen by the sensor or by the standing stream.
    Timing("ingest_feeds", "0 4 * * *"),
    # KPIs of Sunday belong to Sunday, whether or not anybody reads them that day.
    Timing("kpi_refresh", "20 4 * * *"),
    Timing("safety_stock_refresh", "40 4 * * *"),
    # Before the first supplier's cut-off, and before the brief that names what to order.
    Timing("reorder_proposals", "0 5 * * *", rests=True),
    # On the planner's desk before eight.
    Timing("daily_brief", "30 6 * * *", rests=True),
)


def schedules_of(settings: Settings, crons: Mapping[str, str]) -> list[ScheduleDefinition]:
    """A schedule for each job; `crons` replaces times by the job's name."""
    return [_schedule(dataclasses.replace(timing, cron=crons.get(timing.job, timing.cron)), settings) for timing in TIMINGS]


def _schedule(timing: Timing, settings: Settings) -> ScheduleDefinition:
    @schedule(
        name=f"{timing.job}_daily", job_name=timing.job, cron_schedule=timing.cron, execution_timezone=settings.time_zone,
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"{timing.job} by the clock of {settings.time_zone}"
        + (f", not on days that the site's calendar or {settings.country}'s public holidays close" if timing.rests else ""),
    )  # fmt: skip
    def evaluate(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        planned = context.scheduled_execution_time.astimezone(ZoneInfo(settings.time_zone))
        if timing.rests and (why := closed_because(planned.date(), settings.country)):
            return SkipReason(f"nobody orders on {planned:%Y-%m-%d}: {why}")
        return RunRequest(run_key=planned.isoformat(timespec="minutes"))

    return evaluate


def closed_because(day: date, country: str) -> str | None:
    """Why nobody works on a day; null on working days.

    The calendar `site` of the planners' policies decides, and where it does not name the day, the country's public holidays.

    >>> closed_because(date(2026, 7, 14), "FR"), closed_because(date(2026, 7, 15), "FR"), closed_because(date(2026, 7, 19), "")
    ('National Day', None, 'Sunday')
    """
    calendar = read_calendar("site", project=DBT_PROJECT)
    if day in calendar.days or not calendar.is_open(day):
        return calendar.closed_because(day)
    if not country:
        return None
    import holidays

    return holidays.country_holidays(country, years=day.year, language="en_US").get(day)
