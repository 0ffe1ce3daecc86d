"""The marts' gate: `marts.duckdb` after dbt and before its build is exported.

Belongs here: which rows of each mart are new since the last published build, whether marts that only grow have grown.
Does not belong here: the rules themselves (`marts_rules`), running dbt, the export.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pipelines.quality.looks import GateResult, GateRun, is_news, keep, look_id, looking, report_folder
from pipelines.quality.marts_rules import MARTS, Mart
from pipelines.quality.rules import Rule, quoted
from pipelines.settings import Home

if TYPE_CHECKING:
    from pipelines.marts.build_files import MartsBuild
    from pipelines.quality._gx import Database

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
    from pipelines.quality._gx import database, evaluate, json_of

    if _is_empty(home):
        return GateRun(look_id(now, "marts"), "marts", "marts", now, None, False, 0)
    with database() as db:
        attach_marts(db.execute, home)
        commit_id = int(db.execute("select commit_id from marts.ledger.pin").fetchall()[0][0])
        look = look_id(now, "marts", commit_id)
        rules = _tables(db, before if before is not None and before.commit_id <= commit_id else None)
        evaluation = evaluate(db, rules, run_at=now)
        results = []
        for table in rules:
            for one in evaluation.outcomes(table):
                rule = one.rule
                schema, name, _ = rule.code.split(".", 2)
                results.append(GateResult(
                    rule.code, f"{schema}.{name}", rule.column, rule.severity, one.is_met, one.rows_checked, one.rows_failed, rule.what,
                    json_of(one.failed_rows),
                ))  # fmt: skip
        rows = sum(int(db.execute(f"select count(*) from {quoted(table)}").fetchall()[0][0]) for table in rules if table != _GROWTH)
        run = GateRun(
            look, "marts", "marts", now, commit_id, any(not one.is_met and one.severity == "block" for one in results), rows, tuple(results)
        )
        is_told = is_news(home, [run])
        if is_told:
            run = dataclasses.replace(run, report=evaluation.write_report(report_folder(home, look)))
    return keep(home, look, [run], is_told=is_told)[0]


def _is_empty(home: Home) -> bool:
    """Whether nothing has happened yet: a new home's tables appear without the engine being loaded for them."""
    from pipelines.marts.export import open_marts

    with open_marts(home) as con:
        names = con.execute("select view_name from duckdb_views() where schema_name = 'ledger' and view_name in ('movements', 'events')")
        return not any(con.execute(f"select exists (from ledger.{name})").fetchall()[0][0] for (name,) in names.fetchall())


def _tables(db: Database, before: MartsBuild | None) -> dict[str, list[Rule]]:
    """Put what is new of each mart into the look's database; returns the rules by table.

    A project without one of the marts, or of their columns, has no such rules.
    """
    columns: dict[str, set[str]] = {}
    for schema, name, column in db.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'marts'"
    ).fetchall():
        columns.setdefault(f"{schema}.{name}", set()).add(column)
    rules: dict[str, list[Rule]] = {}
    for mart in MARTS:
        there = columns.get(mart.full_name, set())
        if not {name for name in (mart.grown_by, mart.where) if name} <= there:
            continue
        if of_mart := [rule for rule in mart.rules if set(rule.columns) <= there]:
            db.execute(f"create table {quoted(mart.table)} as {_new_rows(mart, there, before)}")
            rules[mart.table] = [dataclasses.replace(rule, keys=tuple(key for key in rule.keys if key in there)) for rule in of_mart]
    if growing := _growth(db, before, set(columns)):
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


def _growth(db: Database, before: MartsBuild | None, there: set[str]) -> list[Rule]:
    """Marts that only grow, held against the rows of the newest exported build; nothing after a rebuild, which may count anew."""
    former = {one.full_name: one.rows for one in before.relations} if before is not None else {}
    rules = []
    db.execute(f"create table {_GROWTH} as select {before.commit_id if before else 0} as published_commit_id")
    for mart in MARTS:
        rows = former.get(mart.full_name)
        if mart.grown_by is None or not rows or mart.full_name not in there:
            continue
        column = f"{mart.table}_rate"
        db.execute(f"alter table {_GROWTH} add column {column} double")
        db.execute(f"update {_GROWTH} set {column} = (select count(*) from marts.{mart.full_name}) / {rows}")
        keys = ("published_commit_id", column)
        # A corrected date may take a day away; half of the days do not go by correction.
        if rows >= _ROWS_NEEDED:
            what = f"{mart.full_name} keeps at least half of the {rows:,} rows it was published with"
            rules.append(Rule(f"{mart.full_name}.keeps_its_rows", _GROWTH, "between", (column,), what, low=_LOST_RATE_MAX, keys=keys))
        what = f"{mart.full_name} has at least the {rows:,} rows it was published with"
        rules.append(Rule(f"{mart.full_name}.does_not_shrink", _GROWTH, "between", (column,), what, "warn", low=1.0, keys=keys))
    return rules
