"""The working tables are declared: none is made that is not, each has who fills and who reads it, and the columns that it says."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import driver, generate, pen, shuffle

from pipelines.events import ENGINE_TYPES
from pipelines.owner.apply.apply import Applier
from pipelines.owner.schema import columns_in
from pipelines.owner.working import Table, Work

OWNER = Path(__file__).resolve().parents[2] / "pipelines" / "owner"
TABLES: dict[str, Table] = {field.name: field.default for field in dataclasses.fields(Work) if isinstance(field.default, Table)}
FILLING = re.compile(r"(temp table|temp view|insert into|delete from|update)\s+$")
MADE = re.compile(r"\btemp (?:table|view) (\w+)")
NAMED = re.compile(r"\b(temp table|temp view|insert into|delete from|update|from|join)\s+(\w+)")
HANDING = {"make", "hold", "hold_columns", "temp_table", "temp_rows"}


@dataclasses.dataclass
class Use:
    """Modules that fill and that read a table."""

    filled_by: set[str] = dataclasses.field(default_factory=set)
    read_by: set[str] = dataclasses.field(default_factory=set)


def _table_of(node: ast.AST) -> str | None:
    is_of_work = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "work"
    return node.attr if is_of_work and isinstance(node, ast.Attribute) and node.attr in TABLES else None


def _mentions(module: ast.AST) -> Iterator[tuple[str, bool]]:
    """Tables that a module names, and whether it fills them there."""
    seen: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            before = ""
            for part in node.values:
                if isinstance(part, ast.Constant):
                    before = str(part.value)
                elif isinstance(part, ast.FormattedValue):
                    if (table := _table_of(part.value)) is not None:
                        seen.add(id(part.value))
                        yield table, FILLING.search(before) is not None
                    before = ""
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in HANDING:
            is_of_many = getattr(node.func, "attr", "") == "make"
            for argument in node.args if is_of_many else node.args[:2]:
                name = _table_of(argument) or (argument.value if isinstance(argument, ast.Constant) else None)
                if name is not None:
                    seen.add(id(argument))
                    yield str(name), True
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for verb, name in NAMED.findall(node.value):
                if name in TABLES:
                    yield name, FILLING.search(f"{verb} ") is not None
    for node in ast.walk(module):
        if id(node) not in seen and (table := _table_of(node)) is not None:
            yield table, False


def _modules() -> Iterator[tuple[str, ast.Module]]:
    """The owner's modules by name, without their docstrings."""
    for file in sorted(OWNER.rglob("*.py")):
        if file.name != "working.py":
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
                    node.body = node.body[1:] or [ast.Pass()]
            yield file.stem, tree


@pytest.fixture(scope="module")
def uses() -> dict[str, Use]:
    found: dict[str, Use] = defaultdict(Use)
    for name, module in _modules():
        for table, is_filled in _mentions(module):
            (found[table].filled_by if is_filled else found[table].read_by).add(name)
    return found


def test_a_table_stands_under_its_name_and_says_what_a_row_is() -> None:
    assert [name for name, table in TABLES.items() if table.name != name or not table.grain] == []


def test_no_table_is_made_that_is_not_declared(uses: dict[str, Use]) -> None:
    made = {
        name
        for _, module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant)
        for name in MADE.findall(str(node.value))
    }
    assert made - TABLES.keys() == set()
    assert uses.keys() - TABLES.keys() == set()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_who_fills_and_who_reads_a_table_is_as_declared(name: str, uses: dict[str, Use]) -> None:
    table = TABLES[name]
    assert uses[name].filled_by == set(table.filled_by.split())
    assert uses[name].read_by == set(table.read_by.split())
    assert uses[name].filled_by
    assert uses[name].read_by


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, ...]]]:
    """The working tables that a random world makes, and the columns that each was seen with."""
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    close = Applier._close

    def looked_over(applier: Applier, *arguments: Any) -> int:
        columns: dict[str, list[str]] = defaultdict(list)
        for table, column in applier._work.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'temp' and not internal order by table_name, column_index"
        ).fetchall():
            columns[table].append(column)
        for table, names in columns.items():
            found[table].add(tuple(names))
        return close(applier, *arguments)

    folder = tmp_path_factory.mktemp("world")
    schedule = shuffle.Schedule(3, files=4, copy_rate=0.1, csv_rate=0, gzip_rate=0, resend_rate=0.1)
    scans = driver.scans_from(shuffle.write(folder / "landing", generate.lines(5, 200, has_conflicts=True), schedule), pen.KNOWN_AT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Applier, "_close", looked_over)
        driver.deliver_all(folder / "home", scans)
    return found


def test_a_world_makes_nearly_all_tables_and_no_other(made: dict[str, set[tuple[str, ...]]]) -> None:
    # of big batches, of files that are not as their feed lists its fields, of rows that wait for a day, of decisions that are undone, of
    # deliveries that are withdrawn
    rare = {"leftover", "suspects", "field_rows", "overtaken", "allowed_lines", "approved_rows", "returned", "returned_events"}
    rare |= {"contested_now", "verdicts", "tenures", "lived", "aimed"}
    assert TABLES.keys() - rare - made.keys() == set()
    assert made.keys() - TABLES.keys() == set()


def test_each_has_the_columns_that_it_is_declared_with(made: dict[str, set[tuple[str, ...]]]) -> None:
    for name, seen in made.items():
        declared = [column for column in columns_in(TABLES[name].columns) if column != "…"]
        is_open = "…" in TABLES[name].columns
        for columns in seen:
            assert set(columns) - (set(ENGINE_TYPES) if is_open else set()) == set(declared), name
