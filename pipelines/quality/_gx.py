"""The engine of the gates: Great Expectations over DuckDB, and its report. The only place that imports it, when called.

Belongs here: a rule as an expectation, evaluating rules on tables, the report's files. Does not belong here: which rules
there are, which rows are looked at, what follows from a failure.

Great Expectations reads through SQLAlchemy. It fetches results after it has let go of the connection, which DuckDB's
driver does not allow; `_engine` has it keep one connection, as it does for SQLite. Each look has a database of its own
in memory, whose tables and views are what the rules are about.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import importlib.util
import json
import logging
import os
import re
import shutil
import sys
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pipelines.errors import UserError
from pipelines.quality.rules import Rule, quoted

_FAILING_ROWS: Final = 5
_SEVERITY: Final = {"block": "critical", "warn": "warning"}
_UNUSED: Final = ("scipy.stats", "altair")
"""A third of what it loads is for expectations about distributions, which no rule here is."""
_HEAVY_PICTURES: Final = ("glossary_scroller.gif", "validation_failed_unexpected_values.gif", "iterative-dev-loop.png")
_STYLE: Final = """
body { font-family: system-ui, sans-serif; margin: 1rem 2rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top; }
nav, ol, ul { padding-left: 1rem; } .modal, .cooltip .top { display: none; }
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule: rows looked at, rows that break it, and the first of them where it is not met."""

    rule: Rule
    is_met: bool
    rows_checked: int
    rows_failed: int
    failed_rows: list[dict[str, Any]]


class Database:
    """The tables of one look, in memory: `execute` makes them, `evaluate` asks them."""

    def __init__(self) -> None:
        self.url = f"duckdb:///:memory:gate_{uuid.uuid4().hex}"
        self._raw = importlib.import_module("sqlalchemy").create_engine(self.url).raw_connection()
        self.execute("set timezone = 'UTC'")

    def execute(self, sql: str) -> Any:
        """Run SQL; returns the cursor."""
        return self._raw.driver_connection.execute(sql)

    def close(self) -> None:
        """Let everything go: other connections to this database may live on for a while, and must hold neither rows nor files."""
        relations = (
            "select view_name, 'view' from duckdb_views() where not internal and database_name = current_database() and not temporary"
        )
        relations += " union all select table_name, 'table' from duckdb_tables() where not internal and database_name = current_database()"
        for name, kind in self.execute(relations).fetchall():
            self.execute(f"drop {kind} {quoted(name)}")
        for (name,) in self.execute("select database_name from duckdb_databases() where not internal and path is not null").fetchall():
            self.execute(f"detach {quoted(name)}")
        self._raw.invalidate()


@contextmanager
def database() -> Iterator[Database]:
    """A database for one look; gone afterwards."""
    _engine()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = Database()
        try:
            yield opened
        finally:
            opened.close()


def load() -> None:
    """Import the engine now, so that the first look does not wait for it."""
    _engine()


@functools.cache
def _engine() -> Any:
    """Great Expectations, told to keep its connections to DuckDB, to draw no bars and to call nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _UNUSED:
            _load_when_used(name)
        gx = importlib.import_module("great_expectations")
        sql: Any = importlib.import_module("great_expectations.execution_engine.sqlalchemy_execution_engine")
        importlib.import_module("duckdb_engine")
    dialect = enum.Enum("dialect", {"DUCKDB": "duckdb"}, type=str)
    sql._PERSISTED_CONNECTION_DIALECTS = (*sql._PERSISTED_CONNECTION_DIALECTS, dialect["DUCKDB"])
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx


def _load_when_used(name: str) -> None:
    """Put a module in its place that loads itself at the first use of one of its names, unless it is loaded already."""
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    package, _, own_name = name.rpartition(".")
    if package:
        setattr(sys.modules[package], own_name, module)


class Evaluation:
    """Rules evaluated on a look's tables, with what a report needs."""

    def __init__(self, db: Database, rules: Mapping[str, Sequence[Rule]], context: Any, results: Mapping[str, Any]) -> None:
        self._db, self._rules, self._context, self._results = db, rules, context, results

    def outcomes(self, table: str) -> list[Outcome]:
        """Of one table, in the order of its rules."""
        found = {one.expectation_config.meta["rule"]: one for one in self._results[table].results}
        answer = self._db.execute(f"select count(*) from {quoted(table)}").fetchall()
        return [self._outcome(rule, found[rule.code], int(answer[0][0])) for rule in self._rules[table]]

    def _outcome(self, rule: Rule, found: Any, rows: int) -> Outcome:
        if found.exception_info and "exception_message" not in found.exception_info:
            reasons = [one.get("exception_message") for one in found.exception_info.values()]
            raise UserError(f"rule {rule.code} could not be evaluated: {reasons[0]}", where=rule.table, exit_code=3)
        if found.success:
            failed = int(found.result.get("unexpected_count") or 0)
            return Outcome(rule, True, rows, failed, [])
        failed = int(self._db.execute(f"select count(*) from {quoted(rule.table)} where {_broken(rule)}").fetchall()[0][0])
        keys = ", ".join(quoted(name) for name in rule.keys) or "*"
        cursor = self._db.execute(f"select {keys} from {quoted(rule.table)} where {_broken(rule)} limit {_FAILING_ROWS}")
        names = [column[0] for column in cursor.description]
        return Outcome(rule, False, rows, failed, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()])

    def write_report(self, folder: Path) -> Path:
        """The Data Docs of this look as static pages that fetch nothing from elsewhere; returns the page to begin with."""
        site = {
            "class_name": "SiteBuilder", "show_how_to_buttons": False, "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        }  # fmt: skip
        self._context.add_data_docs_site("quality", site)
        self._context.build_data_docs()
        for picture in _HEAVY_PICTURES:
            (folder / "static" / "images" / picture).unlink(missing_ok=True)
        shutil.rmtree(folder / "static" / "fonts", ignore_errors=True)
        for page in folder.rglob("*.html"):
            page.write_text(_without_requests(page.read_text(encoding="utf-8")), encoding="utf-8")
        return folder / "index.html"


def evaluate(db: Database, rules: Mapping[str, Sequence[Rule]], *, run_at: datetime) -> Evaluation:
    """Evaluate each table's rules. A table without rules is not asked."""
    gx = _engine()
    types = importlib.import_module("great_expectations.data_context.types.base")
    # Left to itself it makes a folder for reports under /tmp, at every look.
    in_memory = types.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(project_config=types.DataContextConfig(store_backend_defaults=in_memory), mode="ephemeral")
    context.variables.progress_bars = types.ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(name="look", connection_string=db.url, create_temp_table=False)
    definitions = {}
    for table, of_table in rules.items():
        suite = context.suites.add(gx.ExpectationSuite(name=table, expectations=[_expectation(rule) for rule in of_table]))
        batch = source.add_table_asset(name=table, table_name=table).add_batch_definition_whole_table("new rows")
        definitions[table] = context.validation_definitions.add(gx.ValidationDefinition(name=table, data=batch, suite=suite))
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="look", validation_definitions=list(definitions.values()), result_format="BASIC")
    )
    identifier = importlib.import_module("great_expectations.core.run_identifier").RunIdentifier
    try:
        ran = checkpoint.run(run_id=identifier(run_name=f"{run_at:%Y-%m-%dT%H%M%SZ}", run_time=run_at))
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()
    return Evaluation(db, rules, context, {result.suite_name: result for result in ran.run_results.values()})


def _expectation(rule: Rule) -> Any:
    """A rule as an expectation; what DuckDB's dialect cannot do as one is a query for the rows that break it."""
    words = importlib.import_module("great_expectations.expectations")
    common: dict[str, Any] = {"meta": {"rule": rule.code}, "severity": _SEVERITY[rule.severity], "description": rule.what}
    mostly = {"mostly": rule.at_least}
    match rule.word:
        case "not_null":
            return words.ExpectColumnValuesToNotBeNull(column=rule.columns[0], **mostly, **common)
        case "between":
            return words.ExpectColumnValuesToBeBetween(column=rule.columns[0], min_value=rule.low, max_value=rule.high, **mostly, **common)
        case "not_before":
            return words.ExpectColumnValuesToBeBetween(column=rule.columns[0], min_value=str(rule.first), **mostly, **common)
        case "one_of":
            return words.ExpectColumnValuesToBeInSet(column=rule.columns[0], value_set=list(rule.values), **mostly, **common)
        case "unique" if len(rule.columns) == 1:
            return words.ExpectColumnValuesToBeUnique(column=rule.columns[0], **mostly, **common)
        case "unique":
            return words.ExpectCompoundColumnsToBeUnique(column_list=list(rule.columns), **mostly, **common)
    braces = rule.broken_sql.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
    query = f"select * from {{batch}} where {braces}"
    return words.UnexpectedRowsExpectation(unexpected_rows_query=query, **common)


_OUTSIDE: Final = re.compile(
    r'<link\b[^>]*\bhref="https?://[^>]*>|<script\b[^>]*\bsrc="https?://[^>]*>\s*</script>|<img\b[^>]*\bsrc="https?://[^>]*>'
)


def _without_requests(page: str) -> str:
    """A page of the report without what a browser would fetch from elsewhere, and with a plain style instead.

    >>> _without_requests('<link rel="stylesheet" href="https://cdn.example/x.css"/><p>met</p>')
    '<p>met</p>'
    """
    return _OUTSIDE.sub("", page).replace("</head>", f"<style>{_STYLE}</style></head>", 1)


def _broken(rule: Rule) -> str:
    """The rule's condition with its table's name where it asks about the table as a whole."""
    return rule.broken_sql.replace("{batch}", quoted(rule.table))


def json_of(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Failing rows as JSON, values as text where JSON has no form for them; null where there are none."""
    return json.dumps(rows, default=str, ensure_ascii=False) if rows else None
