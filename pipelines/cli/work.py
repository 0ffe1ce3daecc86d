"""Commands that move data: demo, ingest, build, plan, publish, run, up, rebuild.

Belongs here: reading the command line, calling one stage, printing what it did. Does not belong here: how a stage works.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.account import show_ingest
from pipelines.cli.options import DEFAULT_HOME, AsCsv, AsJson, AsOf, FromDir, HomeDir, LastLine, Strict, clock_at, home_at, settings_with
from pipelines.cli.output import Output, shown
from pipelines.cli.progress import progress
from pipelines.errors import UserError

if TYPE_CHECKING:
    from pipelines.stages import IngestResult


def demo(home: HomeDir = DEFAULT_HOME, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """A year of real sales through every stage, offline.

    A grocer's real sales and a simulated world around them; ends with the reorder list. A second run finds nothing new.
    """
    from pipelines.cli.demo import show_demo

    show_demo(home_at(home), Output(as_json=as_json, as_csv=as_csv))


def ingest(
    home: HomeDir = DEFAULT_HOME,
    from_dir: FromDir = None,
    feed: Annotated[list[str] | None, typer.Option("--feed", metavar="NAME", help="Only this feed; repeat for several.")] = None,
    document: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="NAME", help="Read every file as this vendor's document, or tables through a mapping (FILE.toml)."
        ),
    ] = None,
    rehearsed: Annotated[
        Path | None,
        typer.Option(
            "--try",
            metavar="FILE",
            help="Only show how this file (or each of a folder) would be read, or draft a mapping; nothing is stored.",
        ),
    ] = None,
    last_line: LastLine = None,
    as_of: AsOf = None,
    strict: Strict = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Read new files from the landing folders, once.

    Returns when everything is applied and readers see it, and says what became of every row. Files are never changed; the
    same file again does nothing.
    """
    if rehearsed is not None:
        from pipelines.cli.rehearse import show_rehearsal

        out = Output(as_json=as_json, as_csv=as_csv)
        raise typer.Exit(show_rehearsal(out, rehearsed, feed[0] if feed else None, document, is_whole=last_line == "whole"))
    from pipelines import stages
    from pipelines.feeds.adapters.registry import check_format
    from pipelines.feeds.registry import check_feed_name

    out = Output(as_json=as_json, as_csv=as_csv)
    feeds = [check_feed_name(name) for name in feed] if feed else None
    adapter = document if not document or document.lower().endswith(".toml") else check_format(document)
    with _account_at_least(out) as on_ingested, progress() as say:
        result = stages.ingest(
            home_at(home), from_dir, clock=clock_at(as_of), feeds=feeds, say=say, publish=True, adapter=adapter, settings=settings_with(last_line),
            on_ingested=on_ingested,
        )  # fmt: skip
    show_ingest(out, result)
    _be_strict(strict, result)


def build(
    select: Annotated[
        str | None, typer.Argument(metavar="[SELECT]", help="Only these models (dbt selectors); nothing is published.")
    ] = None,
    home: HomeDir = DEFAULT_HOME,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Build incremental models from scratch.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Bring the tables up to date with the ledger, and publish them.

    A failing test prints its failing rows; the published tables stay as they were.
    """
    from pipelines import stages

    out = Output(as_json=as_json, as_csv=as_csv)
    with progress() as say:
        built = stages.build(home_at(home), clock=clock_at(None), full_refresh=full_refresh, select=select, say=say)
    out.rows(
        ["build", "commit_id", "nodes", "seconds"],
        [(built.name or None, built.commit_id, built.nodes, round(built.seconds_dbt + built.seconds_export, 1))],
    )


def plan(home: HomeDir = DEFAULT_HOME, as_of: AsOf = None, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Safety stock, reorder points, and what to order.

    Plans from the published tables, ignoring everything after --as-of; prints the list, most urgent first.
    """
    from pipelines import stages
    from pipelines.cli.listing import for_people, reorder_list

    out = Output(as_json=as_json, as_csv=as_csv)
    clock = clock_at(as_of)
    run_id = stages.plan(home_at(home), clock(), clock=clock)
    columns, rows, summary = reorder_list(home_at(home), run_id, limit=20 if out.is_table else None)
    out.say(f"plan        {run_id}: {summary}")
    out.rows(*(for_people(columns, rows) if out.is_table else (columns, rows)))


def publish(
    home: HomeDir = DEFAULT_HOME,
    full: Annotated[
        Path | None, typer.Option("--full", metavar="OUT", help="Also write one self-contained file that can be copied elsewhere.")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Publish the newest ledger and tables now."""
    from pipelines import stages

    out = Output(as_json=as_json, as_csv=as_csv)
    file, copy = stages.publish(home_at(home), clock=clock_at(None), full=full)
    out.rows(["version", "file", "copy", "copy_tables", "copy_rows"], [
        (int(file.stem.rpartition("_")[2]), str(home_at(home).published_file), *((str(copy.path), copy.tables, copy.rows) if copy else (None, None, None)))
    ])  # fmt: skip


def run(
    home: HomeDir = DEFAULT_HOME,
    from_dir: FromDir = None,
    last_line: LastLine = None,
    as_of: AsOf = None,
    strict: Strict = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """One whole pass: ingest, build, plan, publish.

    What is up to date already is left as it is.
    """
    from pipelines import stages

    out = Output(as_json=as_json, as_csv=as_csv)
    with _account_at_least(out) as on_ingested, progress() as say:
        result = stages.run(
            home_at(home), from_dir, clock=clock_at(as_of), as_of=as_of, say=say, settings=settings_with(last_line), on_ingested=on_ingested
        )
    if not out.is_table:
        figures = result.ingested.figures()
        out.rows([*figures, "build", "run_id", "is_no_op"], [(*figures.values(), result.build, result.run_id, result.is_no_op)])
        _be_strict(strict, result.ingested)
        return
    show_ingest(out, result.ingested)
    out.say(f"build       {result.build}", f"plan        {result.run_id}", f"published   {shown(home_at(home).published_file)}")
    if result.is_no_op:
        out.say("Nothing was new: the build and the plan that were there still stand.")
    _be_strict(strict, result.ingested)


def up(
    home: HomeDir = DEFAULT_HOME,
    build_seconds: Annotated[float, typer.Option("--build-seconds", min=1, help="At least so many seconds between two builds.")] = 30.0,
    plan_at: Annotated[
        str, typer.Option("--plan-at", metavar="HH:MM", help="When to plan each day if the schedules are off, by this machine's clock.")
    ] = "05:00",
    no_scheduler: Annotated[
        bool, typer.Option("--no-scheduler", help="Without Dagster and its page; also PARSTOCK_SCHEDULER=off.")
    ] = False,
) -> None:
    """Take files in as they come; build and plan on schedule.

    Watches landing/<feed>/, keeps the published file fresh, runs the schedules and their page. Ctrl-C or SIGTERM ends it.
    """
    from pipelines.processes.up import Supervisor

    Supervisor(home_at(home), build_seconds=build_seconds, plan_at=plan_at, has_scheduler=False if no_scheduler else None).run()


def rebuild(home: HomeDir = DEFAULT_HOME, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Make the ledger and all tables again from what came in.

    Gives the same ledger hash and the same answers; after an update of parstock, what its rules now say differently is listed by
    rule. Readers keep the published tables until it is done.
    """
    from pipelines import keeping

    out = Output(as_json=as_json, as_csv=as_csv)
    with progress() as say:
        done = keeping.rebuild(home_at(home), clock=clock_at(None), say=say)
    is_same = done.hash_before == done.hash_now if done.hash_before else None
    head = ["ledger_hash", "ledger_hash_before", "is_same"]
    differing = [dataclasses.asdict(one) for one in done.differences]
    if not out.is_table:
        out.rows([*head, "differences"], [(done.hash_now, done.hash_before, is_same, differing)])
        return
    out.rows(head, [(done.hash_now, done.hash_before, is_same)])
    if differing:
        out.say("", "The rules of this version say something else of what came in:")
        out.rows(list(differing[0]), [tuple(one.values()) for one in differing])


@contextlib.contextmanager
def _account_at_least(out: Output) -> Iterator[Callable[[IngestResult], None]]:
    """Takes what was ingested; should a gate block what follows, the account of it is printed all the same."""
    ingested: list[IngestResult] = []
    try:
        yield ingested.append
    except UserError:
        for one in ingested:
            show_ingest(out, one)
        raise


def _be_strict(strict: bool, result: IngestResult) -> None:
    """End with exit code 1 where rows were set aside and somebody asked to be told so."""
    if strict and result.account.set_aside:
        raise typer.Exit(1)
