"""What decides: a suite of Great Expectations compiled to one query a table, answered by DuckDB alone.

Belongs here: which of a table's rows break an expectation, and what became of each. Does not belong here: the suites
(`suites`), the same answers from the library itself (`_gx`), which are compared with these (`pipelines.processes.validation`).

Met, checked and failed are what the library finds, rule for rule; loading it takes seconds and a gate must not wait for it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import duckdb

from pipelines.errors import UserError
from pipelines.quality.rules import quoted
from pipelines.quality.suites import BROKEN_ROWS, Suite
from pipelines.sql_text import literal

FAILING_ROWS: Final = 5
"""So many of the rows that break a rule are shown."""


class Tables(Protocol):
    """What can be asked in SQL."""

    def execute(self, sql: str) -> Any:
        """Run SQL; returns the cursor."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule: rows it counts, rows that break it, and the first of them (keys alone) where it is not met.

    A rule about values counts the rows that have one.
    """

    rule_code: str
    is_met: bool
    rows_checked: int
    rows_failed: int
    failed_rows: list[dict[str, Any]]


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One expectation in SQL: conditions that are true of the rows which break it, and of those which its share is of."""

    broken: str
    considered: str
    mostly: float

    def is_met(self, failed: int, considered: int) -> bool:
        """Whether so many of the considered rows may break it; of none at all it holds."""
        return considered == 0 or (considered - failed) / considered >= self.mostly


def answer(db: Tables, table: str, suite: Suite) -> list[Outcome]:
    """What became of each expectation of a table's suite, in its order. One pass over the table, and one for each that is not met.

    Raises UserError (exit code 3) for an expectation that has no form in SQL here, or that the table cannot answer.
    """
    questions = [question_of(one, table) for one in suite["expectations"]]
    counts = [f"count(*) filter (where {condition})" for one in questions for condition in (one.broken, one.considered)]
    found = _ask(db, f"select {', '.join(counts) or '0'} from {quoted(table)}", table).fetchall()[0]
    outcomes = []
    for place, (expectation, question) in enumerate(zip(suite["expectations"], questions, strict=True)):
        failed, considered = found[2 * place : 2 * place + 2]
        is_met = question.is_met(failed, considered)
        failing = [] if is_met else _failing(db, table, question, expectation["meta"]["keys"])
        outcomes.append(Outcome(expectation["meta"]["rule"], is_met, considered, failed, failing))
    return outcomes


def _failing(db: Tables, table: str, question: Question, keys: Sequence[str]) -> list[dict[str, Any]]:
    names = ", ".join(quoted(name) for name in keys) or "*"
    cursor = _ask(db, f"select {names} from {quoted(table)} where {question.broken} limit {FAILING_ROWS}", table)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _ask(db: Tables, sql: str, table: str) -> Any:
    try:
        return db.execute(sql)
    except duckdb.Error as error:
        raise UserError(f"the rules of {table} could not be evaluated: {error}", where=table, exit_code=3) from error


def question_of(expectation: Mapping[str, Any], table: str) -> Question:
    """An expectation of a table compiled. Raises UserError (exit code 3) for a kind or an argument that is not compiled here.

    >>> question_of({"type": "expect_column_values_to_be_between", "kwargs": {"column": "n", "min_value": 0, "max_value": 5}}, "t").broken
    '("n" < 0 or "n" > 5)'
    """
    arguments = dict(expectation["kwargs"])
    mostly = float(arguments.pop("mostly", 1.0))
    compiled = _COMPILED.get(expectation["type"])
    if compiled is None or set(arguments) - compiled.arguments:
        unknown = sorted(set(arguments) - compiled.arguments) if compiled else expectation["type"]
        raise UserError(f"a gate cannot check this in SQL: {unknown}", where=f"suite of {table}: {expectation['type']}", exit_code=3)
    return Question(*compiled.conditions(table, **arguments), mostly)


@dataclasses.dataclass(frozen=True, slots=True)
class _Compiled:
    """How a kind of expectation is compiled, and which arguments it may have."""

    arguments: frozenset[str]
    conditions: Callable[..., tuple[str, str]]


def _not_null(table: str, *, column: str) -> tuple[str, str]:
    return f"{quoted(column)} is null", "true"


def _between(table: str, *, column: str, min_value: Any = None, max_value: Any = None) -> tuple[str, str]:
    name = quoted(column)
    bounds = [f"{name} {sign} {_value(at)}" for at, sign in ((min_value, "<"), (max_value, ">")) if at is not None]
    return f"({' or '.join(bounds)})", f"{name} is not null"


def _in_set(table: str, *, column: str, value_set: Sequence[Any]) -> tuple[str, str]:
    name = quoted(column)
    return f"{name} not in ({', '.join(_value(one) for one in value_set)})", f"{name} is not null"


def _unique(table: str, *, column: str) -> tuple[str, str]:
    return _unique_together(table, column_list=[column])


def _unique_together(table: str, *, column_list: Sequence[str]) -> tuple[str, str]:
    """Rows with a null among several columns are like no other; those with nothing but nulls are passed over."""
    names = [quoted(name) for name in column_list]
    key, whole = ", ".join(names), " and ".join(f"{name} is not null" for name in names)
    twice = f"select ({key}) from {quoted(table)} where {whole} group by {key} having count(*) > 1"
    return f"({whole} and ({key}) in ({twice}))", "(" + " or ".join(f"{name} is not null" for name in names) + ")"


def _unexpected_rows(table: str, *, unexpected_rows_query: str) -> tuple[str, str]:
    if not unexpected_rows_query.startswith(BROKEN_ROWS):
        raise UserError(f"a gate cannot check this in SQL: {unexpected_rows_query}", where=f"suite of {table}", exit_code=3)
    # Not one row may break it, however many there are: of all rows none may, and none is no row.
    return unexpected_rows_query.removeprefix(BROKEN_ROWS).format(batch=quoted(table)), "true"


_COMPILED: Final[dict[str, _Compiled]] = {
    "expect_column_values_to_not_be_null": _Compiled(frozenset({"column"}), _not_null),
    "expect_column_values_to_be_between": _Compiled(frozenset({"column", "min_value", "max_value"}), _between),
    "expect_column_values_to_be_in_set": _Compiled(frozenset({"column", "value_set"}), _in_set),
    "expect_column_values_to_be_unique": _Compiled(frozenset({"column"}), _unique),
    "expect_compound_columns_to_be_unique": _Compiled(frozenset({"column_list"}), _unique_together),
    "unexpected_rows_expectation": _Compiled(frozenset({"unexpected_rows_query"}), _unexpected_rows),
}


def _value(value: Any) -> str:
    """A value as the library hands it to DuckDB.

    >>> _value(0), _value(0.05), _value("2000-01-01")
    ('0', 'cast(0.05 as double)', "'2000-01-01'")
    """
    if isinstance(value, str):
        return literal(value)
    return f"cast({value!r} as double)" if isinstance(value, float) else repr(value)


def json_of(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Failing rows as JSON, values as text where JSON has no form for them; null where there are none."""
    return json.dumps(rows, default=str, ensure_ascii=False) if rows else None
