"""Great Expectations over the batches of looks: the library's own answers, and its Data Docs. The only place that imports it.

Belongs here: running a batch's suites in the library, the report's files. Does not belong here: deciding (`in_sql`; the
library comes later and changes nothing that was decided), which batches wait (`batch`), what follows from a difference.

Great Expectations reads through SQLAlchemy. It fetches results after it has let go of the connection, which DuckDB's
driver does not allow; `_engine` has it keep one connection, as it does for SQLite. Each batch has a database of its own
in memory, whose views are what the suites are about.
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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pipelines.quality.rules import quoted
from pipelines.quality.suites import Suite

_UNUSED: Final = ("scipy.stats", "altair")
"""A third of what it loads is for expectations about distributions, which no rule here is."""
_HEAVY_PICTURES: Final = ("glossary_scroller.gif", "validation_failed_unexpected_values.gif", "iterative-dev-loop.png")
_STYLE: Final = """
body { font-family: system-ui, sans-serif; margin: 1rem 2rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top; }
nav, ol, ul { padding-left: 1rem; } .modal, .cooltip .top { display: none; }
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the library found of one rule. `rows_checked` are those with a value, null where it counts none (expectations in SQL).

    `fault` says why it found nothing; the rest means nothing then.
    """

    is_met: bool
    rows_checked: int | None
    rows_failed: int
    fault: str | None = None


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


@contextmanager
def _database(views: Mapping[str, str]) -> Iterator[str]:
    """A database in memory that has these views, by its address; gone afterwards."""
    url = f"duckdb:///:memory:batch_{uuid.uuid4().hex}"
    raw = importlib.import_module("sqlalchemy").create_engine(url).raw_connection()
    execute = raw.driver_connection.execute
    try:
        execute("set timezone = 'UTC'")
        for name, query in views.items():
            execute(f"create view {quoted(name)} as {query}")
        yield url
    finally:
        # Other connections to this database may live on for a while; they must not hold files.
        for name in views:
            execute(f"drop view if exists {quoted(name)}")
        raw.invalidate()


class Validation:
    """A batch that the library has validated: its answers, and what its report needs."""

    def __init__(self, context: Any, results: Mapping[str, Any]) -> None:
        self._context, self._results = context, results

    def answers(self) -> dict[str, Answer]:
        """By the code of the rule."""
        found = [one for result in self._results.values() for one in result.results]
        return {one.expectation_config.meta["rule"]: _answer(one) for one in found}

    def write_report(self, folder: Path) -> Path:
        """Write the Data Docs, as static pages that fetch nothing from elsewhere, and the results as JSON; returns the first page.

        The folder appears whole; one that is there already is replaced.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = folder.parent / f".{folder.name}.making"
        shutil.rmtree(making, ignore_errors=True)
        site = {
            "class_name": "SiteBuilder", "show_how_to_buttons": False, "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(making)},
        }  # fmt: skip
        self._context.add_data_docs_site("quality", site)
        self._context.build_data_docs()
        for picture in _HEAVY_PICTURES:
            (making / "static" / "images" / picture).unlink(missing_ok=True)
        shutil.rmtree(making / "static" / "fonts", ignore_errors=True)
        for page in making.rglob("*.html"):
            page.write_text(_without_requests(page.read_text(encoding="utf-8")), encoding="utf-8")
        (making / "results").mkdir()
        for table, result in self._results.items():
            text = json.dumps(result.to_json_dict(), indent=1, ensure_ascii=False, default=str)
            (making / "results" / f"{table}.json").write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
        return folder / "index.html"


@contextmanager
def validated(views: Mapping[str, str], suites: Mapping[str, Suite], *, run_at: datetime) -> Iterator[Validation]:
    """Run each table's suite in the library; `views` are the tables as SQL. Raises whatever the library raises."""
    _engine()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _database(views) as url:
            yield _run(url, suites, run_at)


def _run(url: str, suites: Mapping[str, Suite], run_at: datetime) -> Validation:
    gx = _engine()
    types = importlib.import_module("great_expectations.data_context.types.base")
    # Left to itself it makes a folder for reports under /tmp, at every look.
    in_memory = types.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(project_config=types.DataContextConfig(store_backend_defaults=in_memory), mode="ephemeral")
    context.variables.progress_bars = types.ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(name="look", connection_string=url, create_temp_table=False)
    definitions = []
    for table, suite in suites.items():
        added = context.suites.add(gx.ExpectationSuite(**suite))
        batch = source.add_table_asset(name=table, table_name=table).add_batch_definition_whole_table("new rows")
        definitions.append(context.validation_definitions.add(gx.ValidationDefinition(name=table, data=batch, suite=added)))
    checkpoint = context.checkpoints.add(gx.Checkpoint(name="look", validation_definitions=definitions, result_format="BASIC"))
    identifier = importlib.import_module("great_expectations.core.run_identifier").RunIdentifier
    try:
        ran = checkpoint.run(run_id=identifier(run_name=f"{run_at:%Y-%m-%dT%H%M%SZ}", run_time=run_at))
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()
    return Validation(context, {result.suite_name: result for result in ran.run_results.values()})


def _answer(found: Any) -> Answer:
    told = found.exception_info or {}
    faults = [one for one in ([told] if "exception_message" in told else told.values()) if one.get("raised_exception")]
    if faults:
        return Answer(False, None, 0, str(faults[0].get("exception_message")))
    counted = found.result.get("unexpected_count", found.result.get("observed_value"))
    rows = found.result.get("element_count")
    considered = None if rows is None else rows - int(found.result.get("missing_count") or 0)
    return Answer(bool(found.success), considered, int(counted or 0))


_OUTSIDE: Final = re.compile(
    r'<link\b[^>]*\bhref="https?://[^>]*>|<script\b[^>]*\bsrc="https?://[^>]*>\s*</script>|<img\b[^>]*\bsrc="https?://[^>]*>'
)


def _without_requests(page: str) -> str:
    """A page of the report without what a browser would fetch from elsewhere, and with a plain style instead.

    >>> _without_requests('<link rel="stylesheet" href="https://cdn.example/x.css"/><p>met</p>')
    '<p>met</p>'
    """
    return _OUTSIDE.sub("", page).replace("</head>", f"<style>{_STYLE}</style></head>", 1)
