"""Running the dbt project over a test's home, parsed once for all tests, and asking its marts.

Belongs here: what the tests of the dbt project share to build and to query. Does not belong here: how parstock itself
runs dbt (`pipelines.build.build`).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.settings import DBT_PROJECT

OPTIONS = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--quiet", "--log-level-file", "none", "--no-use-colors"]


@contextmanager
def home_of_dbt(home: Path, policies: Path | None = None) -> Iterator[None]:
    """The variables that say which home, and whose policies, put back afterwards."""
    wanted = {"PARSTOCK_HOME": str(home), "DBT_LOG_PATH": str(home / "run" / "dbt" / "logs")} | (
        {"PARSTOCK_POLICY_DIR": str(policies)} if policies else {}
    )
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@functools.cache
def parsed_project(home: Path, policies: Path | None = None) -> Any:
    """The project's manifest; `home` only says where dbt may write while it parses."""
    from dbt.cli.main import dbtRunner

    with home_of_dbt(home, policies):
        outcome = dbtRunner().invoke(["parse", *OPTIONS])
    assert outcome.success, outcome.exception
    return outcome.result


_SHARED: list[Any] = []


def build(home: Path, *arguments: str, policies: Path | None = None) -> list[str]:
    """`dbt build` over the home, as parstock runs it: without unit tests. What failed as `name: message`, empty when all is well."""
    results = _results(home, "build", "--exclude-resource-type", "unit_test", *arguments, policies=policies)
    return [f"{one.node.name}: {one.message}" for one in results if str(one.status) in ("error", "fail", "warn")]


def unit_tests(home: Path) -> dict[str, str]:
    """dbt's unit tests on a home that was built: each one's name and what became of it."""
    return {
        str(one.node.name): str(one.status)
        for one in _results(home, "test", "--select", "test_type:unit")
        if one.node.resource_type == "unit_test"
    }


def _results(home: Path, command: str, *arguments: str, policies: Path | None = None) -> list[Any]:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    if policies:
        manifest = parsed_project(home, policies)
    else:
        if not _SHARED:
            _SHARED.append(parsed_project(home))
        manifest = _SHARED[0]
    with home_of_dbt(home, policies):
        try:
            # A run marks the nodes it has compiled, and a marked one loses its ephemeral parents the next time: hence a copy.
            outcome = dbtRunner(manifest=manifest.deepcopy()).invoke([command, *OPTIONS, *arguments])
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert outcome.exception is None, outcome.exception
    results: Any = outcome.result
    return list(results.results)


def ask(home: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """The rows that the home's marts answer, with instants in UTC."""
    with duckdb.connect(str(home / "warehouse" / "marts.duckdb"), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        return con.execute(query, parameters).fetchall()


NAMES = """
    join core.dim_item using (item_id) join core.dim_location using (location_id)
"""
"""Join that gives a mart of items and locations their codes."""
