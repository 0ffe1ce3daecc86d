"""Running dbt in this process: one `dbt build`, its progress, and what failed in words a person can act on.

Belongs here: dbt's arguments and the judgement of its results. dbt itself is imported inside the functions (5 s). Does not
belong here: the build lock and the export (`pipelines.build.build`), or how long a parsed project holds (`parsed_project`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.ledger.hashing import hash_text
from pipelines.marts.export import BuiltNode
from pipelines.marts.failures import FAILED, DbtFailed, findings_of
from pipelines.marts.parsed_project import parsed_project
from pipelines.settings import Home

Progress = Callable[[int, int, str], None]
"""Called with nodes done, nodes in all, and the name of the node that has just ended."""

_BROKEN_CONTRACTS = "contracts are broken"
"""As the macro `check_contracts` says it."""


@dataclasses.dataclass(frozen=True, slots=True)
class DbtRun:
    """The relations that a run built, when its last node ended (UTC), and the checks that only warned."""

    nodes: list[BuiltNode]
    finished_at: dt.datetime
    warned: frozenset[str] = frozenset()


def run_dbt(
    home: Home,
    project: Path,
    *,
    select: Sequence[str] = (),
    only: Sequence[str] = (),
    full_refresh: bool = False,
    with_tests: bool = True,
    accepted: Mapping[str, int] | None = None,
    is_empty: bool = False,
    threads: int = 2,
    on_progress: Progress | None = None,
    as_of: dt.datetime | None = None,
) -> DbtRun:
    """Run `dbt build` on the home's marts.

    `select` holds dbt selectors of a part, empty for everything; `only` those of what a build of everything has to run, because
    the rest stands. `as_of` is the instant that the build is for (`environment`). `with_tests` is false where there is nothing to
    test yet; of a test in `accepted` so many rows may fail. `is_empty` builds the tables as of before anything came. Nothing is
    printed; dbt's own log lies in `run/dbt/`. Raises DbtFailed (exit code 1) where models or tests fail, UserError (exit code 3)
    where dbt cannot start at all.
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
    if is_empty:
        arguments += ["--vars", json.dumps({"before_anything_came": hash_text(0, 0)})]
    # Unit tests are about rules, not about this home's rows: they belong to whoever changes a rule.
    arguments += ["--exclude-resource-type", "unit_test", *([] if with_tests else ["test"])]
    with environment(home, as_of):
        manifest = _manifest(home, project)
        _allow(manifest, accepted or {})
        try:
            result = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(arguments)
        finally:
            _let_go_of_the_database()
    results = list(getattr(result.result, "results", None) or [])
    failed = [one for one in results if str(one.status) in FAILED]
    if failed:
        raise DbtFailed(findings_of(home, failed))
    if result.exception is not None or not result.success:
        raise _not_started(home, result.exception)
    ended = [_utc(step.completed_at) for one in results for step in one.timing if step.completed_at]
    nodes = [_built(one.node) for one in results if one.node.resource_type in ("model", "seed", "snapshot")]
    warned = frozenset(one.node.name for one in results if str(one.status) == "warn")
    return DbtRun(nodes, max(ended, default=dt.datetime.max.replace(tzinfo=dt.UTC)), warned)


def _allow(manifest: Any, accepted: Mapping[str, int]) -> None:
    """Let so many rows of these tests fail: they are then warned of, and what rests on the tested tables is built."""
    for node in manifest.nodes.values() if accepted else ():
        if node.resource_type == "test" and node.name in accepted:
            node.config.error_if = f"> {accepted[node.name]}"


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
