"""The stages as plain calls: what the command, the tests and a scheduler all use.

Belongs here: ingest, build, plan, publish and run of one home, with or without an owner already running. Does not belong here:
how a stage does its work, making a home again (`keeping`), or printing (`cli`).
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pipelines.build.process import builder_of
from pipelines.errors import UserError
from pipelines.ledger.account import COUNTS, Account, account_above
from pipelines.settings import DBT_PROJECT, Home, Settings

if TYPE_CHECKING:
    from pipelines.publish.full_copy import FullCopy
    from pipelines.quality.gates import GateRun

Clock = Callable[[], datetime]
Say = Callable[[str, dict[str, Any]], None]
"""Told of progress: the stage, and its figures so far."""

BACKFILL_ROWS = 200_000
"""With more rows than this above the marts a look at the alerts says little and costs much: the next build's look says it."""


class Asked(Protocol):
    """An owner, here or in another process."""

    def ask(self, question: str, **details: Any) -> Any:
        """Have it do something and wait for the answer."""


INGEST_FIGURES = ("deliveries", "new_deliveries", "rows_in", "rows_parsed", "rows_rejected", "rows_left_out", "commit_id", *COUNTS[1:])
"""Figures of an ingest: files, rows as they were parsed, and what became of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class IngestResult:
    """What one ingest did: rows of the units parsed now; the commit after it; whether anything was new.

    `rows_rejected` were refused for their form; `account` says what became of all rows, those that the owner set aside
    included. `left_out` are rows of new deliveries that their mapping says are none, by path.
    """

    deliveries: int
    new_deliveries: int
    rows_in: int
    rows_parsed: int
    rows_rejected: int
    commit_id: int
    waiting_files: list[str]
    unreadable_files: list[str]
    left_out: dict[str, int]
    account: Account

    @property
    def rows_left_out(self) -> int:
        """Rows that mappings left out; they are not in `rows_in`."""
        return sum(self.left_out.values())

    def figures(self) -> dict[str, int]:
        """What a machine is told of it: `INGEST_FIGURES`, in their order."""
        return {name: self.account.total(name) if name in COUNTS[1:] else int(getattr(self, name)) for name in INGEST_FIGURES}


@contextlib.contextmanager
def owner_of(
    home: Home, *, clock: Clock, settings: Settings | None = None, on_applied: Callable[[Any], None] | None = None
) -> Iterator[Asked]:
    """The home's running owner, or one started here for as long as the block lasts; what gates looked at is validated then."""
    from pipelines.owner.either import EitherOwner
    from pipelines.quality.validating import validated, validated_later

    how = {"clock": clock, "settings": settings, "on_applied": on_applied, "publish_seconds": 5.0}
    with validated_later(home), EitherOwner(home, **how) as owner, validated(home):
        yield owner


def _is_elsewhere(owner: Asked) -> bool:
    """Whether another process owns the home: somebody stands there, perhaps with a stream, and looks at the alerts."""
    return bool(getattr(owner, "is_elsewhere", False))


def ingest(
    home: Home, from_dir: Path | None = None, *, clock: Clock, feeds: Iterable[str] | None = None, say: Say | None = None,
    engine: str = "beam", settings: Settings | None = None, publish: bool = False, adapter: str | None = None,
    on_ingested: Callable[[IngestResult], None] | None = None,
) -> IngestResult:  # fmt: skip
    """Take `from_dir/<feed>/**` (default: what the home's sources have) once; returns when everything is applied and in the ledger's files.

    A home whose marts were built before is published by this too, and its alerts are looked at unless more than
    `BACKFILL_ROWS` rows wait for a build, or another process owns the home, which looks by itself. One that never was is built
    once if `publish` says so; else readers have to wait for `build` or `run`. `adapter` names the vendor's document that every
    file is to be read as, or a mapping (`FILE.toml`) for tables. `on_ingested` hears of what came before anything else can fail.
    """
    from pipelines.ledger.files import rows_above
    from pipelines.marts.build_files import latest_build

    with owner_of(home.make(), clock=clock, settings=settings, on_applied=tell_applied(say)) as owner:
        how: dict[str, Any] = {"engine": engine, "settings": settings, "adapter": adapter}
        result = _ingest(home, owner, from_dir, clock=clock, feeds=feeds, say=say, **how)
        if on_ingested is not None:
            on_ingested(result)
        built = latest_build(home)
        if built is not None:
            owner.ask("publish")
            if rows_above(home, built.commit_id) > BACKFILL_ROWS:
                if say is not None:
                    say("note", {"text": "the alerts are looked at after the next build"})
            elif not _is_elsewhere(owner):
                watch_alerts(home, owner, clock=clock)
        elif publish:
            build_with(home, owner, clock=clock, say=say)
        return result


def _ingest(
    home: Home,
    owner: Asked,
    from_dir: Path | None,
    *,
    clock: Clock,
    feeds: Iterable[str] | None,
    say: Say | None,
    engine: str,
    settings: Settings | None,
    adapter: str | None = None,
) -> IngestResult:
    from pipelines.ingest.beside import ask_stream

    def told(progress: Any) -> None:
        if say is not None:
            say("parse", {"units": progress.units, "units_done": progress.units_done, "rows": progress.rows})

    settings = settings or Settings()
    commit_before = int(owner.ask("status")["commit_id"])
    report = None
    if _is_elsewhere(owner) and engine == "beam":
        report = ask_stream(home, from_dir, clock=clock, feeds=feeds, adapter=adapter, settings=settings, on_progress=told)
    if report is None:
        from pipelines.ingest.pipeline import ingest_batch
        from pipelines.ingest.sources.files import landing_of
        from pipelines.ingest.sources.registry import open_sources

        is_all = from_dir is None and not feeds and adapter is None
        said: dict[str, Any] = {"feeds": feeds, "adapter": adapter}
        sources = open_sources(home, settings) if is_all else [landing_of(home, settings, from_dir, **said)]
        report = ingest_batch(home, sources, clock=clock, on_progress=told, settings=settings, engine=engine)
    owner.ask("flush")
    commit_id = int(owner.ask("status")["commit_id"])
    return IngestResult(
        deliveries=len(report.deliveries), new_deliveries=len(report.new_deliveries), rows_in=report.rows_in, rows_parsed=report.rows_parsed,
        rows_rejected=report.rows_rejected, commit_id=commit_id, waiting_files=report.waiting, unreadable_files=report.unreadable,
        left_out=report.left_out, account=account_above(home, commit_before, report.deliveries),
    )  # fmt: skip


def tell_applied(say: Say | None) -> Callable[[Any], None] | None:
    """What an owner is to call after each commit so that `say` hears of it."""
    if say is None:
        return None
    return lambda applied: say("apply", {"commit_id": applied.commit_id, "rows": applied.rows, "movements": applied.movements})


def flush(home: Home, *, clock: Clock) -> None:
    """Bring everything that is committed into the ledger's files."""
    with owner_of(home.make(), clock=clock) as owner:
        owner.ask("flush")


def publish_and_watch(home: Home, *, clock: Clock) -> int:
    """Publish what there is, and look at its alerts; returns how many are open."""
    with owner_of(home.make(), clock=clock) as owner:
        owner.ask("publish")
        return watch_alerts(home, owner, clock=clock)


def build(home: Home, *, clock: Clock, full_refresh: bool = False, select: str | None = None, say: Say | None = None) -> Any:
    """Bring the tables up to date with the ledger, and publish them. Returns the build.

    Raises GateBlocked where a gate blocks: the marts that readers see stay as they were, the ledger and what is fresh do not.
    """
    with owner_of(home.make(), clock=clock) as owner:
        built = build_with(home, owner, clock=clock, full_refresh=full_refresh, select=select, say=say)
        watch_alerts(home, owner, clock=clock)
        return built


Builder = Callable[..., Any]
"""Like `pipelines.build.build.build_marts`, less home and clock: `select`, `full_refresh`, `on_progress`."""


def build_with(
    home: Home,
    owner: Asked,
    *,
    clock: Clock,
    full_refresh: bool = False,
    select: str | None = None,
    say: Say | None = None,
    builder: Builder | None = None,
) -> Any:
    """Like `build`, with an owner that is there already, and perhaps with a `builder` that waits in another process."""
    from pipelines.marts.made_by import is_of_another_version
    from pipelines.policies.check import check_policies
    from pipelines.quality.gates import GateBlocked

    def told(done: int, total: int, node: str) -> None:
        if say is not None:
            say("build", {"done": done, "total": total, "node": node})

    if say is not None and not select and is_of_another_version(home, DBT_PROJECT):
        say("note", {"text": "another version of parstock made the tables: all are made anew, once"})
    for remark in check_policies():
        if say is not None:
            say("note", {"text": remark})
    owner.ask("flush")
    try:
        with contextlib.nullcontext(builder) if builder else builder_of(home, clock=clock) as build_now:
            built = build_now(select=select.split() if select else (), full_refresh=full_refresh, on_progress=told)
    except GateBlocked:
        # Readers hear of it too: beside the marts as they were they get the ledger as it is.
        owner.ask("publish")
        watch_alerts(home, owner, clock=clock)
        raise
    owner.ask("publish")
    return built


def check_gates(home: Home, *, clock: Clock) -> list[GateRun]:
    """Look at what is new of every feed, and at the marts as dbt left them, and let readers know; returns the newest look of each gate."""
    from pipelines.build.build import build_lock
    from pipelines.quality.gates import check_feeds, check_marts, newest_runs

    with owner_of(home.make(), clock=clock) as owner:
        owner.ask("flush")
        with build_lock(home):
            check_feeds(home, clock=clock)
            if home.marts_file.exists():
                check_marts(home, clock=clock)
        owner.ask("publish")
    return [run for _, run in sorted(newest_runs(home).items())]


def is_built(home: Home, ledger_hash: str) -> bool:
    """Whether the newest build stands on all that the ledger's files hold, and is of the project and policies as they are now.

    Results do not count, they are read through views.
    """
    from pipelines.ledger.files import newest_input_commit, read_current
    from pipelines.marts.build_files import latest_build
    from pipelines.marts.standing_nodes import is_as_built

    built, current = latest_build(home), read_current(home)
    if built is None or current is None or built.ledger_hash != ledger_hash:
        return False
    return newest_input_commit(current) <= built.commit_id and is_as_built(home, DBT_PROJECT)


def plan(home: Home, as_of: datetime, *, clock: Clock) -> str:
    """Plan from what is published, as of an instant, and hand the result to the owner; returns the run's id.

    Looks at new segments first. Raises GateBlocked while a gate blocks.
    """
    from pipelines.quality.gates import check_feeds

    with owner_of(home.make(), clock=clock) as owner:
        if check_feeds(home, clock=clock):
            owner.ask("publish")
        return plan_with(home, owner, as_of, clock=clock)


def plan_with(home: Home, owner: Asked, as_of: datetime, *, clock: Clock) -> str:
    """Like `plan`, with an owner that is there already, and without looking at anything new."""
    from pipelines.planning.run import run_plan
    from pipelines.quality.gates import require_open

    require_open(home)
    if not home.published_file.exists():
        raise UserError(
            "there is nothing published to plan from yet", where=str(home.published_file), next_step="parstock run", exit_code=1
        )
    run_id = run_plan(home, as_of, clock, home.published_file.resolve())
    owner.ask("publish")
    watch_alerts(home, owner, clock=clock)
    return run_id


def watch_alerts(home: Home, owner: Asked, *, clock: Clock, threads: int | None = None) -> int:
    """Look at what is published, and publish what `ops.alerts` says after it; returns how many alerts are open.

    The look costs about a second, whatever it finds; nothing new writes nothing. `threads`: of its engine.
    """
    from pipelines.alerts.watch import look_closely

    open_alerts, is_written = look_closely(home, clock=clock, threads=threads)
    if is_written:
        owner.ask("publish")
    return open_alerts


@dataclasses.dataclass(frozen=True, slots=True)
class RunResult:
    """One whole pass. `run_id` is that of the plan; `is_no_op` says that nothing was new and nothing was done."""

    ingested: IngestResult
    build: str
    run_id: str
    is_no_op: bool


def run(
    home: Home,
    from_dir: Path | None = None,
    *,
    clock: Clock,
    as_of: datetime | None = None,
    say: Say | None = None,
    settings: Settings | None = None,
    on_ingested: Callable[[IngestResult], None] | None = None,
) -> RunResult:
    """One whole pass: ingest, build, plan, publish. What is up to date already is left as it is.

    `on_ingested` hears of what came before anything else can fail.
    """
    # The builder first: it begins to load at once, beside all that comes before the build.
    with (
        builder_of(home.make(), clock=clock) as builder,
        owner_of(home, clock=clock, settings=settings, on_applied=tell_applied(say)) as owner,
    ):
        how: dict[str, Any] = {"settings": settings, "builder": builder, "on_ingested": on_ingested}
        return run_with(home, owner, from_dir, clock=clock, as_of=as_of, say=say, **how)


def run_with(
    home: Home, owner: Asked, from_dir: Path | None = None, *, clock: Clock, as_of: datetime | None = None, say: Say | None = None,
    settings: Settings | None = None, builder: Builder | None = None, on_ingested: Callable[[IngestResult], None] | None = None,
) -> RunResult:  # fmt: skip
    """Like `run`, with an owner that is there already, and perhaps with a `builder` that waits in another process."""
    from pipelines.marts.build_files import latest_build
    from pipelines.marts.standing_nodes import is_of_that_day

    ingested = _ingest(home, owner, from_dir, clock=clock, feeds=None, say=say, engine="beam", settings=settings)
    if on_ingested is not None:
        on_ingested(ingested)
    before = latest_build(home)
    is_current = before is not None and ingested.rows_in == 0 and is_built(home, owner.ask("status")["ledger_hash"])
    is_current = is_current and is_of_that_day(home, clock())
    built = before if is_current and before is not None else build_with(home, owner, clock=clock, say=say, builder=builder)
    plans_before = _plans(home)
    if say is not None:
        say("plan", {"text": "safety stock, reorder points, what to order"})
    run_id = plan_with(home, owner, as_of or clock(), clock=clock)
    return RunResult(ingested, built.name, run_id, is_no_op=is_current and run_id in plans_before)


def _plans(home: Home) -> set[str]:
    folder = home.spool / "plans"
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()


def publish(home: Home, *, clock: Clock, full: Path | None = None) -> tuple[Path, FullCopy | None]:
    """Publish the newest ledger with the newest marts; returns the version's file, and the copy written to `full` if asked.

    Raises UserError in a home whose marts were never built, and where `full` is there already.
    """
    from pipelines.publish.full_copy import write_full_copy

    with owner_of(home.make(), clock=clock) as owner:
        if not owner.ask("publish"):
            raise UserError("there are no marts to publish yet", where=str(home.marts), next_step="parstock build", exit_code=1)
        return home.published_file.resolve(), write_full_copy(home, full) if full else None
