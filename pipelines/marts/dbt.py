"""Running dbt in this process: one `dbt build`, its progress, and what failed in words a person can act on.

Belongs here: dbt's arguments and the judgement of its results. dbt itself is imported inside the functions (5 s). Does not
belong here: the build lock and the export (`pipelines.build.build`), or how long a parsed project holds (`parsed_project`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.marts.export import BuiltNode, open_marts
from pipelines.marts.parsed_project import parsed_project
from pipelines.settings import Home

Progress = Callable[[int, int, str], None]
"""Called with nodes done, nodes in all, and the name of the node that has just ended."""

_BROKEN_CONTRACTS = "contracts are broken"
"""As the macro `check_contracts` says it."""
_FAILING_ROWS = 10
_ROWS_OF_ONE_MODEL = 3
_CELL_WIDTH = 100


@dataclasses.dataclass(frozen=True, slots=True)
class DbtRun:
    """The relations that a run built, and when its last node ended (UTC)."""

    nodes: list[BuiltNode]
    finished_at: dt.datetime


def run_dbt(
    home: Home,
    project: Path,
    *,
    select: Sequence[str] = (),
    only: Sequence[str] = (),
    full_refresh: bool = False,
    with_tests: bool = True,
    threads: int = 2,
    on_progress: Progress | None = None,
    as_of: dt.datetime | None = None,
) -> DbtRun:
    """Run `dbt build` on the home's marts.

    `select` holds dbt selectors of a part, empty for everything; `only` those of what a build of everything has to run, because
    the rest stands. `as_of` is the instant that the build is for (`environment`). `with_tests` is false where there is nothing to
    test yet. Nothing is printed; dbt's own log lies in `run/dbt/`. Raises UserError: exit code 1 for a model or test that fails, 3 where dbt cannot start at all.
    """
    from dbt.cli.main import dbtRunner

    callbacks = [_reporter(on_progress)] if on_progress else []
    arguments = ["build", *_options(home, project), "--threads", str(threads)]
    if select:
        arguments += ["--select", *select]
    elif only:
        # "empty": else dbt leaves out every test of a node that is left out itself
        arguments += ["--select", *only, "--indirect-selection", "empty"]
    if full_refresh:
        arguments.append("--full-refresh")
    # Unit tests are about rules, not about this home's rows: they belong to whoever changes a rule.
    arguments += ["--exclude-resource-type", "unit_test", *([] if with_tests else ["test"])]
    with environment(home, as_of):
        manifest = _manifest(home, project)
        try:
            result = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(arguments)
        finally:
            _let_go_of_the_database()
    results = list(getattr(result.result, "results", None) or [])
    failed = [one for one in results if str(one.status) in ("error", "fail", "runtime error")]
    if failed:
        raise _failure(home, failed)
    if result.exception is not None or not result.success:
        raise _not_started(home, result.exception)
    ended = [_utc(step.completed_at) for one in results for step in one.timing if step.completed_at]
    nodes = [_built(one.node) for one in results if one.node.resource_type in ("model", "seed", "snapshot")]
    return DbtRun(nodes, max(ended, default=dt.datetime.max.replace(tzinfo=dt.UTC)))


def _utc(instant: dt.datetime) -> dt.datetime:
    """Dbt's instants are UTC, with or without saying so."""
    return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)


def _options(home: Home, project: Path) -> list[str]:
    """Dbt's options for this home: its target and log in the home, no telemetry, nothing on stdout."""
    folder = home.run / "dbt"
    return [
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(project),
        "--target-path",
        str(folder / "target"),
        "--log-path",
        str(folder / "logs"),
        "--log-level",
        "none",
        "--log-level-file",
        "info",
        "--quiet",
        "--no-print",
        "--no-use-colors",
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
        "--no-write-json",  # of what a run leaves, only a scheduler that runs dbt itself reads the artefacts (`artifacts`)
    ]


@contextlib.contextmanager
def environment(home: Home, as_of: dt.datetime | None = None) -> Iterator[None]:
    """The variables that dbt's profile and macros read, put back afterwards.

    `as_of`: the instant that a build is for, so that demand is measured to the day that is planned; without one dbt takes
    the instant at which the newest delivery became known.
    """
    wanted = {"PARSTOCK_HOME": str(home.root.resolve()), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    if as_of is not None:
        wanted["PARSTOCK_BUILD_AS_OF"] = as_of.astimezone(dt.UTC).isoformat()
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def parse_project(home: Home, project: Path) -> Any:
    """Parse the project now, for the builds of this process to come; returns it. Raises UserError (exit code 3) where it cannot be parsed."""
    with environment(home):
        return _manifest(home, project)


def load_dbt() -> None:
    """Import what a build needs of dbt: seconds, best spent before anybody waits for them."""
    import dbt.adapters.duckdb
    import dbt.cli.main
    import dbt.task.build  # noqa: F401


def _manifest(home: Home, project: Path) -> Any:
    """The parsed project, for one run."""

    def parse() -> Any:
        from dbt.cli.main import dbtRunner

        parsed = dbtRunner().invoke(["parse", *_options(home, project)])
        if not parsed.success or parsed.result is None:
            raise _not_started(home, parsed.exception)
        return parsed.result

    return parsed_project(project, parse)


def _let_go_of_the_database() -> None:
    """Close dbt's connections: the file must be free for the export and for everybody else's dbt."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # dbt is not typed


def _reporter(on_progress: Progress) -> Callable[[Any], None]:
    """Turn dbt's events into calls of `on_progress`."""

    def report(event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult", "LogNodeResult"):
            data = event.data
            # Events of tests call it num_models; an exception in here would fail the node.
            total = data.total if hasattr(data, "total") else data.num_models
            on_progress(int(data.index), int(total), str(data.node_info.node_name))

    return report


def _built(node: Any) -> BuiltNode:
    """A node of dbt's result in our words."""
    return BuiltNode(
        schema=node.schema,
        name=node.alias or node.name,
        materialized=str(node.config.materialized),
        tags=frozenset(node.tags),
        compiled_code=getattr(node, "compiled_code", None),
        database=node.database,
        comment=node.description or "",
        column_comments={name: column.description for name, column in node.columns.items() if column.description},
    )


def _not_started(home: Home, exception: BaseException | None) -> UserError:
    """Dbt ended before it ran a node, or by what its hooks found after the last one."""
    reason = " ".join(str(exception).split()) if exception else "it gave no reason"
    if "lock" in reason.lower() and "file" in reason.lower():
        return UserError(
            "another program has the marts' database open",
            where=f"{home.marts_file}: {reason}",
            next_step="wait for it to end, then build again",
            exit_code=3,
        )
    if _BROKEN_CONTRACTS in reason:
        return UserError(
            _BROKEN_CONTRACTS,
            where=reason.partition(f"{_BROKEN_CONTRACTS}: ")[2].partition(" > in macro")[0],
            next_step="the published tables stay as they were; correct the model or its contract and build again",
            exit_code=1,
        )
    return UserError("dbt could not run", where=reason[:2000], next_step=f"more in {home.run / 'dbt' / 'logs' / 'dbt.log'}", exit_code=3)


def _failure(home: Home, failed: Sequence[Any]) -> UserError:
    """The nodes that failed, each with its reason; a test with its failing rows instead of a path."""
    lines = []
    for one in failed:
        name = f"{one.node.resource_type} {one.node.name}"
        if one.node.resource_type == "test" and str(one.status) == "fail":
            lines.append(f"{name}: {one.failures} rows\n{_failing_rows(home, one.node.compiled_code)}")
        else:
            lines.append(f"{name}: {' '.join((one.message or 'no message').split())}")
    names = [one.node.name for one in failed]
    what = f"{len(failed)} of the build's nodes failed: {', '.join(names[:5])}{', …' if len(failed) > 5 else ''}"
    return UserError(
        what,
        where="\n         ".join(line for block in lines for line in block.splitlines()),
        next_step="the published tables stay as they were; correct this and build again",
        exit_code=1,
    )


def _failing_rows(home: Home, query: str | None) -> str:
    """Up to ten rows that a test's query returns, as a small table; the reason where it cannot be asked.

    A check of many models names the model in each row: then three of each, so that none hides another.
    """
    if not query:
        return "(the test left no query)"
    con = open_marts(home)
    try:
        con.execute("SET enable_progress_bar = false")
        con.execute("SET TimeZone = 'UTC'")
        rows = f"FROM ({query.strip().rstrip(';')}\n)"
        if "model" in [column[0] for column in con.execute(f"{rows} LIMIT 0").description or []]:
            rows += f" QUALIFY row_number() OVER (PARTITION BY model) <= {_ROWS_OF_ONE_MODEL} ORDER BY model"
        cursor = con.execute(f"{rows} LIMIT {_FAILING_ROWS}")
        header = [column[0] for column in cursor.description or []]
        table = [header] + [["∅" if cell is None else str(cell)[:_CELL_WIDTH] for cell in row] for row in cursor.fetchall()]
    except Exception as error:  # the test has failed already; that its rows cannot be shown must not hide it
        return f"(its rows cannot be shown: {str(error).splitlines()[0]})"
    finally:
        con.close()
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
