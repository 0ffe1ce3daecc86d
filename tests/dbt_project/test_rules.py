"""Rules of the dbt project, read from its manifest: grain first, contracts, one meaning per column, arrows one way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger.tables import LEDGER_TABLES
from pipelines.settings import DBT_PROJECT
from tests.worlds.dbt_builds import parsed_project

MARTS = {"core", "stock", "availability", "demand", "plan", "kpi", "ops"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return parsed_project(tmp_path_factory.mktemp("parse"))


def _models(manifest: Any) -> list[Any]:
    return [node for node in manifest.nodes.values() if node.resource_type == "model"]


def _sql_files() -> list[Path]:
    return [path for folder in ("models", "macros", "tests") for path in (DBT_PROJECT / folder).rglob("*.sql")]


def test_every_model_says_its_grain_first(manifest: Any) -> None:
    described = [node for node in manifest.nodes.values() if node.resource_type in ("model", "seed")]
    assert [node.name for node in described if not node.description.startswith("Grain: ")] == []


def test_every_mart_has_an_enforced_contract(manifest: Any) -> None:
    assert [node.name for node in _models(manifest) if node.schema in MARTS and not node.contract.enforced] == []


def test_every_column_is_described_by_its_one_doc_block(manifest: Any) -> None:
    undescribed = [f"{node.name}.{column.name}" for node in _models(manifest) for column in node.columns.values() if not column.description]
    text = {}
    for node in _models(manifest):
        for column in node.columns.values():
            text.setdefault(column.name, set()).add(column.description)
    assert undescribed == []
    assert [name for name, texts in text.items() if len(texts) > 1] == []


def test_folder_and_schema_are_one(manifest: Any) -> None:
    wrong = [node.name for node in _models(manifest) if Path(node.original_file_path).parent.name != node.schema]
    assert wrong == []


def test_movements_and_events_are_read_through_staging_and_their_newest_rows_by_hot_views(manifest: Any) -> None:
    # Staging gives a column of these two another name; reference data and the rest stand in the ledger as models want them.
    readers = {
        (node.name, source.split(".")[-1])
        for node in _models(manifest) if node.schema != "staging"
        for source in node.depends_on.nodes if source.startswith("source.")
    }  # fmt: skip
    hot = {node.name for node in _models(manifest) if "hot" in node.tags}
    assert [reader for reader in readers if reader[1] in ("movements", "events")] == []
    assert [reader for reader, table in readers if table.endswith("_new") and reader not in hot] == []


def test_every_mart_and_seed_names_the_columns_of_its_grain(manifest: Any) -> None:
    described = [
        node for node in manifest.nodes.values() if node.resource_type == "seed" or (node.resource_type == "model" and node.schema in MARTS)
    ]
    assert [node.name for node in described if not node.config.meta.get("grain")] == []
    wrong = [
        f"{node.name}: {column}"
        for node in manifest.nodes.values() if node.resource_type in ("model", "seed")
        for key in ("grain", "may_be_null", "not_null")
        for column in node.config.meta.get(key, []) if column not in node.columns
    ]  # fmt: skip
    assert wrong == []


def test_every_grain_is_checked_once_or_follows_from_one_that_is(manifest: Any) -> None:
    named = re.compile(r"'(\w+)'")
    files = sorted(set((DBT_PROJECT / "tests" / "checks").glob("check_*.sql")) - {DBT_PROJECT / "tests" / "checks" / "check_ids.sql"})
    checked = [name for file in files for name in named.findall(file.read_text(encoding="utf-8").partition("checks([")[2])]
    with_grain = {
        node.name: node.config.meta
        for node in manifest.nodes.values()
        if node.resource_type in ("model", "seed") and node.config.meta.get("grain")
    }
    assert sorted(checked) == sorted(name for name, meta in with_grain.items() if not meta.get("follows_from"))
    assert [name for name, meta in with_grain.items() if meta.get("follows_from", checked[0]) not in checked] == []


def test_the_project_stays_small_enough_to_build_in_seconds(manifest: Any) -> None:
    # Each costs dbt 40 to 80 ms a build, whatever the size of the data.
    built = [
        node for node in manifest.nodes.values()
        if node.resource_type in ("model", "seed", "test") and node.config.materialized != "ephemeral"
    ]  # fmt: skip
    assert len(built) <= 140


def test_sources_are_tables_of_the_ledger(manifest: Any) -> None:
    names = {source.name.removesuffix("_new") for source in manifest.sources.values()}
    assert names <= set(LEDGER_TABLES)


def test_what_is_hot_is_a_view(manifest: Any) -> None:
    assert [node.name for node in _models(manifest) if "hot" in node.tags and node.config.materialized != "view"] == []


def test_nothing_asks_the_clock_and_no_sum_is_a_double() -> None:
    clock = re.compile(r"\b(now\(|current_date|current_timestamp|today\(|get_current_)", re.IGNORECASE)
    floats = re.compile(r"sum\(\s*cast\([^()]*as double", re.IGNORECASE)
    files = _sql_files()
    assert files
    assert [
        path.name for path in files if clock.search(path.read_text(encoding="utf-8")) or floats.search(path.read_text(encoding="utf-8"))
    ] == []


def test_no_text_of_a_view_depends_on_what_is_in_the_ledger(manifest: Any) -> None:
    """Views are left standing from build to build: what asks the ledger while it is compiled belongs into a table."""
    asking = {f"macro.parstock.{name}" for name in ("pinned_commit", "since_commit", "as_of_day")}

    def macros_of(node: Any) -> set[str]:
        seen: set[str] = set()
        todo = list(node.depends_on.macros)
        while todo:
            name = todo.pop()
            if name not in seen and name.startswith("macro.parstock."):
                seen.add(name)
                todo += manifest.macros[name].depends_on.macros
        return seen

    assert asking <= manifest.macros.keys()
    assert any(asking & macros_of(node) for node in _models(manifest)), "those that ask are found"
    views = [node for node in _models(manifest) if node.config.materialized == "view"]
    assert [node.name for node in views if asking & macros_of(node)] == []
    assert [node.name for node in views if "run_query" in node.raw_code] == []


def test_no_file_of_sql_is_too_long_to_read() -> None:
    assert [path.name for path in _sql_files() if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []


def test_the_docs_begin_with_every_schema_that_people_query(manifest: Any) -> None:
    overview = next(doc for doc in manifest.docs.values() if doc.name == "__overview__" and doc.package_name == "parstock").block_contents
    assert [schema for schema in sorted(MARTS) if f"| `{schema}` |" not in overview] == []
    tables = {f"{node.schema}.{node.alias}" for node in _models(manifest)} | {"ops.publication"}
    assert [name for name in re.findall(r"`([a-z]+\.[a-z_]+)`", overview) if name not in tables] == []
