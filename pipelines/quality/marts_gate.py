"""The marts' gate: `marts.duckdb` after dbt and before its build is exported.

Belongs here: which rows of each mart are new since the last published build, whether marts that only grow have grown.
Does not belong here: the rules themselves (`marts_rules`), running dbt, the export.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pipelines.quality.accepting import allowed, use_up
from pipelines.quality.batch import LookTables, engine, look_tables
from pipelines.quality.in_sql import Outcome, answer, json_of
from pipelines.quality.looks import GateResult, GateRun, hand_over, is_news, keep, look_id, looking
from pipelines.quality.marts_rules import MARTS, Mart
from pipelines.quality.rules import Rule, Severity, quoted
from pipelines.quality.suites import suite_of
from pipelines.settings import Home

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipelines.marts.build_files import MartsBuild

_GATE: Final = "marts/marts"
_GROWTH: Final = "growth"
_LOST_RATE_MAX: Final = 0.5
_ROWS_NEEDED: Final = 1000
"""Below so many rows, a correction of a few may well take half of them away."""


def check_marts(home: Home, *, clock: Callable[[], datetime], full_refresh: bool = False) -> GateRun:
    """Look at the marts that dbt has just built; the caller holds the build lock.

    Of marts that grow only the rows above the newest exported build are looked at, all of them after a `full_refresh`.
    An empty ledger has nothing to look at: its run has no results, and is not kept.
    """
    from pipelines.marts.build_files import latest_build

    with looking(home):
        before = latest_build(home)
        return _look(home, None if full_refresh else before, clock())


def _look(home: Home, before: MartsBuild | None, now: datetime) -> GateRun:
    from pipelines.marts.export import attach_marts

    with engine() as con:
        attach_marts(con.execute, home)
        commit_id = _pinned_commit(con)
        if commit_id is None:
            return GateRun(look_id(now, "marts"), "marts", "marts", now, None, False, 0)
        return _look_at(home, con, before, commit_id, now)


def _look_at(home: Home, con: DuckDBPyConnection, before: MartsBuild | None, commit_id: int, now: datetime) -> GateRun:
    look = look_id(now, "marts", commit_id)
    with look_tables(home, look, con) as tables:
        rules = _tables(tables, before if before is not None and before.commit_id <= commit_id else None)
        tables.execute("detach marts")
        suites = {table: suite_of(table, of_table) for table, of_table in rules.items()}
        outcomes = {table: answer(tables, table, suite) for table, suite in suites.items()}
        if any(one.failed_rows for of_table in outcomes.values() for one in of_table):
            outcomes = _with_codes(home, con, outcomes)
        may_fail = allowed(home, _GATE)
        results = [_result(rule, one, may_fail) for table in rules for rule, one in zip(rules[table], outcomes[table], strict=True)]
        use_up(home, _GATE, {one.rule_code for one in results if one.is_met})
        rows = sum(int(tables.execute(f"select count(*) from {quoted(table)}").fetchall()[0][0]) for table in rules if table != _GROWTH)
        is_blocked = any(not one.is_met and one.severity == "block" for one in results)
        run = GateRun(look, "marts", "marts", now, commit_id, is_blocked, rows, tuple(results))
        is_told = is_news(home, [run])
        runs = hand_over(home, tables, suites, [run], is_told=is_told)
    return keep(home, look, runs, is_told=is_told)[0]


def _with_codes(home: Home, con: DuckDBPyConnection, outcomes: dict[str, list[Outcome]]) -> dict[str, list[Outcome]]:
    """The failing rows with the codes that people know in the place of ids."""
    from pipelines.marts.codes import in_codes
    from pipelines.marts.export import attach_marts

    attach_marts(con.execute, home)
    try:
        return {
            table: [dataclasses.replace(one, failed_rows=in_codes(con.execute, one.failed_rows, "marts.core")) for one in of_table]
            for table, of_table in outcomes.items()
        }
    finally:
        con.execute("detach marts")


def _result(rule: Rule, one: Outcome, may_fail: Mapping[str, int]) -> GateResult:
    schema, name, _ = rule.code.split(".", 2)
    severity = "warn" if one.rows_failed <= may_fail.get(rule.code, -1) else rule.severity
    return GateResult(
        rule.code, f"{schema}.{name}", rule.column, severity, one.is_met, one.rows_checked, one.rows_failed, rule.what,
        json_of(one.failed_rows),
    )  # fmt: skip


def _pinned_commit(con: DuckDBPyConnection) -> int | None:
    """The commit that the attached marts stand on; null where nothing has happened yet, and there is nothing to look at."""
    # The ledger is there as views or as tables.
    named = " union all ".join(
        f"select {kind}_name from duckdb_{kind}s() where database_name = 'marts' and schema_name = 'ledger' and {kind}_name in ('movements', 'events')"
        for kind in ("view", "table")
    )
    there = [name for (name,) in con.execute(named).fetchall()]
    if not any(con.execute(f"select exists (from marts.ledger.{name})").fetchall()[0][0] for name in there):
        return None
    return int(con.execute("select commit_id from marts.ledger.pin").fetchall()[0][0])


def _tables(tables: LookTables, before: MartsBuild | None) -> dict[str, list[Rule]]:
    """Put what is new of each mart into the look's tables; returns the rules by table.

    A project without one of the marts, or of their columns, has no such rules.
    """
    columns: dict[str, set[str]] = {}
    for schema, name, column in tables.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'marts'"
    ).fetchall():
        columns.setdefault(f"{schema}.{name}", set()).add(column)
    rules: dict[str, list[Rule]] = {}
    for mart in MARTS:
        there = columns.get(mart.full_name, set())
        if not {name for name in (mart.grown_by, mart.where) if name} <= there:
            continue
        if of_mart := [rule for rule in mart.rules if set(rule.columns) <= there]:
            tables.add_copy(mart.table, _new_rows(mart, there, before))
            rules[mart.table] = [dataclasses.replace(rule, keys=tuple(key for key in rule.keys if key in there)) for rule in of_mart]
    if growing := _growth(tables, before, set(columns)):
        rules[_GROWTH] = growing
    return rules


def _new_rows(mart: Mart, there: set[str], before: MartsBuild | None) -> str:
    columns = dict.fromkeys((*mart.keys, *(name for rule in mart.rules for name in rule.columns)))
    conditions = [mart.where] if mart.where else []
    if mart.grown_by and before is not None:
        conditions.append(f"{mart.grown_by} > {before.commit_id}")
    where = f" where {' and '.join(conditions)}" if conditions else ""
    names = ", ".join(quoted(name) for name in columns if name in there)
    return f"select {names} from marts.{quoted(mart.schema)}.{quoted(mart.name)}{where}"


def _growth(tables: LookTables, before: MartsBuild | None, there: set[str]) -> list[Rule]:
    """Marts that only grow, held against the rows of the newest exported build; nothing after a rebuild, which may count anew."""
    former = {one.full_name: one.rows for one in before.relations} if before is not None else {}
    rules = []
    figures = [f"{before.commit_id if before else 0} as published_commit_id"]
    for mart in MARTS:
        rows = former.get(mart.full_name)
        if mart.grown_by is None or not rows or mart.full_name not in there:
            continue
        column = f"{mart.table}_rate"
        figures.append(f"(select count(*) from marts.{mart.full_name}) / {rows} as {column}")
        keys = ("published_commit_id", column)
        if rows >= _ROWS_NEEDED:
            what = f"{mart.full_name} keeps at least half of the {rows:,} rows it was published with"
            # A delivery that is taken back may take most of the days of demand with it; the days of stock have both then.
            severity: Severity = "block" if mart.only_grows else "warn"
            rules.append(
                Rule(f"{mart.full_name}.keeps_its_rows", _GROWTH, "between", (column,), what, severity, low=_LOST_RATE_MAX, keys=keys)
            )
        what = f"{mart.full_name} has at least the {rows:,} rows it was published with"
        rules.append(Rule(f"{mart.full_name}.does_not_shrink", _GROWTH, "between", (column,), what, "warn", low=1.0, keys=keys))
    if rules:
        tables.add_copy(_GROWTH, f"select {', '.join(figures)}")
    return rules
