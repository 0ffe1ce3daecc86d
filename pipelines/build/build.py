"""Building the marts: the feeds' gates, dbt over the pinned ledger, the marts' gate, then the export that readers get.

Belongs here: the order of a build and the lock that makes builds wait for each other. Does not belong here: dbt's
details and the files of a build (`pipelines.marts`), what the gates ask (`pipelines.quality`), publishing (`pipelines.publish`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import UserError
from pipelines.ledger.instants import system_clock
from pipelines.marts.build_files import MartsBuild, latest_build
from pipelines.settings import DBT_PROJECT, Home, Settings

if TYPE_CHECKING:
    from pipelines.marts.export import BuiltNode

Progress = Callable[[int, int, str], None]
Clock = Callable[[], dt.datetime]


@contextlib.contextmanager
def build_lock(home: Home, *, wait_seconds: float = 300.0) -> Iterator[None]:
    """Hold the home's build lock: whoever runs dbt or reads `marts.duckdb` has it.

    Waits for another build. Raises UserError (exit code 3) after `wait_seconds`, naming the process that builds.
    The lock ends with the process, however it dies.
    """
    home.run.mkdir(parents=True, exist_ok=True)
    path = home.run / "build.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(descriptor, 64, 0).decode() or "unknown"
                    raise UserError(
                        f"another build of this home is running (process {holder})",
                        where=str(path),
                        next_step="wait for it to end, then build again",
                        exit_code=3,
                    ) from None
                time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def build_marts(
    home: Home,
    *,
    select: str | Sequence[str] | None = None,
    full_refresh: bool = False,
    on_progress: Progress | None = None,
    project: Path = DBT_PROJECT,
    clock: Clock = system_clock,
) -> MartsBuild:
    """Run dbt over the home's ledger; after a full build that succeeds and passes the gates, export `marts/<build>/`.

    `select` (dbt selectors) builds a part, asks no gate and exports nothing: the build's `folder` is then null.
    `on_progress` gets nodes done, nodes in all, and the node's name; `clock` says when the gates looked, and which day demand is
    measured to. Raises GateBlocked (exit code 1) where a gate blocks, or a model or test fails, with the failing rows; of a part
    DbtFailed. What readers see stays as it was; a home in which nothing was ever built gets its tables without rows, so that the
    ledger has readers. Raises UserError (exit code 3) where dbt cannot run.
    """
    from pipelines.quality.gates import GateBlocked

    selectors = [select] if isinstance(select, str) else list(select or ())
    _require_inputs(home, project)
    with build_lock(home):
        if selectors:
            return _build_part(home, project, selectors, full_refresh, on_progress, clock)
        try:
            return _build_here(home, project, full_refresh, on_progress, clock)
        except GateBlocked:
            if latest_build(home) is None:  # what the marts' gate stopped has been seen to
                build_empty(home, project)
            raise


def _build_part(
    home: Home, project: Path, selectors: Sequence[str], full_refresh: bool, on_progress: Progress | None, clock: Clock
) -> MartsBuild:  # fmt: skip
    """Some models, for whoever works on them: no gate is asked and nothing exported."""
    from pipelines.ledger.files import is_empty
    from pipelines.marts.dbt import run_dbt
    from pipelines.marts.export import open_marts, read_pin

    home.warehouse.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    run = run_dbt(
        home, project, select=selectors, full_refresh=full_refresh, with_tests=not is_empty(home), threads=Settings().threads,
        on_progress=on_progress, as_of=clock(),
    )  # fmt: skip
    seconds = time.perf_counter() - started
    with contextlib.closing(open_marts(home)) as con:
        pin = read_pin(con, run.finished_at)
    return MartsBuild("", None, pin.commit_id, pin.ledger_hash, pin.pinned_at, nodes=len(run.nodes), seconds_dbt=seconds)


def _build_here(home: Home, project: Path, full_refresh: bool, on_progress: Progress | None, clock: Clock) -> MartsBuild:
    """One build of everything under the lock that the caller holds."""
    from pipelines.ledger.files import is_empty
    from pipelines.marts.dbt import run_dbt
    from pipelines.marts.failures import DbtFailed
    from pipelines.marts.made_by import is_of_another_version, remember_version
    from pipelines.marts.standing_nodes import BUILT_EVERY_TIME, key_of, remember, standing_nodes
    from pipelines.quality.gates import GateBlocked, check_feeds, keep_failed, may_fail, require_feeds_open, use_up_passed

    home.warehouse.mkdir(parents=True, exist_ok=True)
    check_feeds(home, clock=clock)
    require_feeds_open(home)
    started, as_of = time.perf_counter(), clock()
    full_refresh = full_refresh or is_of_another_version(home, project)
    key = key_of(home, project)  # before dbt reads anything: what is changed from here on, the next build sees
    standing = [] if full_refresh else standing_nodes(home, project, key)
    try:
        # The first build of a new home makes empty tables, for readers to find: there is nothing to test in them.
        run = run_dbt(
            home, project, only=BUILT_EVERY_TIME if standing else (), full_refresh=full_refresh, with_tests=not is_empty(home),
            accepted=may_fail(home), threads=Settings().threads, on_progress=on_progress, as_of=as_of,
        )  # fmt: skip
    except DbtFailed as failed:
        raise GateBlocked([keep_failed(home, failed.findings, clock=clock)]) from failed
    remember_version(home, project)
    use_up_passed(home, run.warned)
    built = time.perf_counter()
    nodes = [*standing, *run.nodes]
    build = finish_build(home, nodes, finished_at=run.finished_at, clock=clock, full_refresh=full_refresh)
    remember(home, project, nodes, key, as_of=as_of)
    return dataclasses.replace(build, nodes=len(run.nodes), seconds_dbt=built - started, seconds_export=time.perf_counter() - built)


def build_empty(home: Home, project: Path = DBT_PROJECT) -> MartsBuild | None:
    """Build and export the tables as of before anything came; null where that cannot be done either. The caller holds the build lock.

    For a home that readers have nothing of yet: what is fresh they see through the hot views, the rest has no rows until a build passes.
    """
    from pipelines.marts.dbt import run_dbt
    from pipelines.marts.export import open_marts, read_pin

    try:
        run = run_dbt(home, project, full_refresh=True, with_tests=False, is_empty=True, threads=Settings().threads)
        with contextlib.closing(open_marts(home)) as con:
            is_of_the_beginning = read_pin(con, run.finished_at).commit_id == 0
        return _export(home, run.nodes, run.finished_at) if is_of_the_beginning else None
    except UserError:  # why the build failed is what the person at the keyboard needs to hear
        return None


def finish_build(
    home: Home, nodes: Sequence[BuiltNode], *, finished_at: dt.datetime, clock: Clock, full_refresh: bool = False
) -> MartsBuild:
    """What follows a full run of dbt in which nothing failed: the marts' gate, then the export. The caller holds the build lock.

    Raises GateBlocked, with nothing exported: `marts.duckdb` is then ahead of what readers see, and the next build that
    passes brings both together again. The template of its publication is made here too: whoever publishes next finds it.
    """
    from pipelines.quality.gates import GateBlocked, check_marts, keep_passed

    keep_passed(home, clock=clock)
    looked = check_marts(home, clock=clock, full_refresh=full_refresh)
    if looked.is_blocked:
        if latest_build(home) is None:
            build_empty(home)
        raise GateBlocked([looked])
    return _export(home, nodes, finished_at)


def _export(home: Home, nodes: Sequence[BuiltNode], finished_at: dt.datetime) -> MartsBuild:
    """The files of a build, and the template of its publication."""
    from pipelines.marts.export import export_marts
    from pipelines.publish import template

    with template.making(home):  # an owner that sees the new build at once waits for the template instead of making one too
        build = export_marts(home, nodes, finished_at=finished_at)
        template.prepare(home, build)
    return build


def nodes_of_artifacts(home: Home) -> tuple[list[BuiltNode], dt.datetime]:
    """What the last `dbt build` left in the home's target folder: the nodes it built, and when the last one ended.

    For a scheduler that runs dbt itself. Raises UserError (exit code 1) where that run failed or was of a part only.
    """
    from pipelines.marts.artifacts import read_artifacts

    return read_artifacts(home)


def _require_inputs(home: Home, project: Path) -> None:
    """Refuse early, in words, what dbt would refuse in a traceback."""
    if not (project / "dbt_project.yml").is_file():
        raise UserError("there is no dbt project to build", where=str(project), exit_code=3)
    if not (home.ledger / "current.json").is_file():
        raise UserError(
            "this home has no ledger yet",
            where=str(home.ledger / "current.json"),
            next_step="parstock ingest --from DIR",
            exit_code=2,
        )
