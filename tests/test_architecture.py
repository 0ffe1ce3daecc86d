"""The rules of the tree: who may import whom, what each package says of itself, where things are."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIPELINES = ROOT / "pipelines"
PACKAGES = sorted(path.parent for folder in (PIPELINES, ROOT / "orchestration") for path in folder.rglob("__init__.py"))
ENGINES = {"apache_beam", "dagster", "dagster_dbt", "dbt", "great_expectations", "scipy", "pandas"}

FLOORS = (
    "errors", "durable", "words", "states", "events", "failpoints", "settings", "meeting", "sql_text",
    "feeds", "spool", "ledger", "ingest", "marts", "publish", "owner",
    "planning", "policies", "quality", "build", "alerts", "explain", "exports", "simulate",
    "stages", "keeping", "deciding", "processes", "cli",
)  # fmt: skip
"""Packages and modules of `pipelines` from the ground up: each imports only what stands before it. That is the path of the data,
but for publishing, which works inside the owner and so stands below it."""


@cache
def tree_of(file: Path) -> ast.Module:
    """A file parsed, once for all rules."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imports_of(file: Path, *, top_only: bool = False) -> set[str]:
    """Full names of the modules a file imports; those inside functions only when asked for all."""
    tree = tree_of(file)
    nodes = tree.body if top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" if node.module == "pipelines" else node.module for alias in node.names}
    return found


def unit_of(name: str) -> str:
    """The package or module right under `pipelines` that a module belongs to."""
    return name.split(".")[1]


def room_of(name: str) -> str:
    """The folder a module lies in, or the module itself where it lies among folders: a house within the house."""
    parts = name.split(".")
    return ".".join(parts[:3]) if len(parts) > 3 else name


MODULES = sorted(PIPELINES.rglob("*.py"))
NAMES = {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in MODULES}


@cache
def import_graph() -> dict[str, set[str]]:
    """Module → modules of ours it imports, wherever in the file; a package counts only where it is imported for itself."""
    graph: dict[str, set[str]] = {}
    for name, file in NAMES.items():
        found: set[str] = set()
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                parts = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= (parts & NAMES.keys()) | ({node.module} if parts - NAMES.keys() else set())
        graph[name] = {other for other in found if other in NAMES and other != name}
    return graph


def merged(graph: dict[str, set[str]], into: Callable[[str], str]) -> dict[str, set[str]]:
    """The graph of what modules are merged into."""
    rooms: dict[str, set[str]] = {}
    for name, others in graph.items():
        rooms.setdefault(into(name), set()).update(into(other) for other in others)
    return {room: others - {room} for room, others in rooms.items()}


def circles(graph: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """Groups that reach each other, each once."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += graph.get(name, ())
        reached[start] = seen
    return sorted(
        {tuple(sorted(other for other in reached[name] if name in reached.get(other, ()))) for name in graph if name in reached[name]}
    )


def test_every_package_has_its_floor() -> None:
    assert sorted({unit_of(name) for name in NAMES if "." in name}) == sorted(FLOORS)


def test_arrows_go_down_only() -> None:
    floor = {unit: number for number, unit in enumerate(FLOORS)}
    wrong = [
        f"{name} imports {other}"
        for name, others in import_graph().items()
        for other in others
        if "." in name and unit_of(name) != unit_of(other) and floor[unit_of(other)] >= floor[unit_of(name)]
    ]
    assert wrong == []


def test_no_files_and_no_rooms_import_each_other_in_a_circle() -> None:
    graph = import_graph()
    assert circles(graph) == []
    assert circles(merged(graph, room_of)) == []


def test_the_form_of_the_ledger_is_all_that_others_know_of_the_owner() -> None:
    """The owner's own modules are for the owner; whoever else wants something asks it, or reads the ledger."""
    doors = {"pipelines.owner.client", "pipelines.owner.owner", "pipelines.owner.backup"}
    wrong = [
        f"{name} imports {other}"
        for name, others in import_graph().items()
        for other in others
        if other.startswith("pipelines.owner") and not name.startswith("pipelines.owner") and other not in doors
    ]
    assert wrong == []


def test_orchestration_stands_above_pipelines_only() -> None:
    files = sorted((ROOT / "orchestration").rglob("*.py"))
    assert files
    others = {"dbt_project", "tests", "duckdb", "dbt"}
    wrong = [f"{file.relative_to(ROOT)} imports {name}" for file in files for name in imports_of(file) if name.split(".")[0] in others]
    assert wrong == []
    texts = {file: file.read_text(encoding="utf-8").lower() for file in files}
    assert [str(file) for file, text in texts.items() if re.search(r"\bselect\b.+\bfrom\b", text)] == []  # no SQL


def test_pipelines_imports_nothing_above_it() -> None:
    above = {"orchestration", "dbt_project", "tests", "dagster", "dagster_dbt", "dagster_webserver"}
    wrong = [f"{file.relative_to(ROOT)} imports {name}" for file in MODULES for name in imports_of(file) if name.split(".")[0] in above]
    assert wrong == []


@pytest.mark.parametrize("package", ["feeds", "planning"])
def test_declarations_and_formulas_load_no_engine(package: str) -> None:
    files = [file for name, file in NAMES.items() if "." in name and unit_of(name) == package]
    assert files
    assert [(file.name, name) for file in files for name in imports_of(file) if name.split(".")[0] in ENGINES] == []
    modules = ", ".join(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files)
    code = f"import sys, {modules}; print(sorted(({ENGINES!r} | {{'duckdb'}}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_engines_that_take_seconds_are_imported_inside_functions() -> None:
    slow = {"apache_beam", "dbt"}
    wrong = [
        str(file.relative_to(ROOT))
        for file in MODULES
        if slow & {name.split(".")[0] for name in imports_of(file, top_only=True)}
        and file.relative_to(PIPELINES).as_posix() != "ingest/transforms.py"
    ]
    assert wrong == []


def test_the_command_imports_typer_and_rich_only_until_a_command_runs() -> None:
    files = [
        PIPELINES / "cli" / name
        for name in ("__init__.py", "__main__.py", "main.py", "options.py", "output.py", "progress.py", "work.py", "look.py", "serve.py")
    ]
    outside = {
        name
        for file in files
        for name in imports_of(file, top_only=True)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(("typer", "rich", "pipelines.cli", "pipelines.errors"))
    }
    assert outside == set()


def test_nothing_but_the_owner_opens_the_warehouse() -> None:
    users = {file.relative_to(PIPELINES).as_posix() for file in MODULES if "open_warehouse(" in file.read_text(encoding="utf-8")}
    assert users == {"owner/owner.py", "owner/schema.py"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_package_says_what_belongs_in_it_and_what_does_not(package: Path) -> None:
    said = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    words = " ".join(said.split())
    assert "Belongs here" in words
    assert "Does not belong here" in words


@pytest.mark.parametrize(
    "place",
    [
        "README.md", "CHANGELOG.md", "LICENSE", "Makefile", ".ci/run", "pyproject.toml", "requirements.lock", "requirements-dev.lock",
        "pipelines/cli", "pipelines/stages.py", "pipelines/settings.py", "pipelines/errors.py", "pipelines/events.py",
        "pipelines/feeds/spec.py", "pipelines/feeds/registry.py", "pipelines/ingest/transforms.py", "pipelines/ingest/pipeline.py",
        "pipelines/ingest/sources", "pipelines/spool", "pipelines/owner/owner.py", "pipelines/ledger/files.py", "pipelines/planning",
        "orchestration/definitions.py", "orchestration/assets",
        "pipelines/publish", "pipelines/simulate", "dbt_project/models/staging", "dbt_project/models/intermediate", "dbt_project/DECISIONS.md",
        *(f"dbt_project/models/marts/{schema}" for schema in ("core", "stock", "availability", "demand", "plan", "kpi", "ops")),
        "data/samples", "data/samples/bad",
        *(f"tests/{folder}" for folder in ("worlds", "owner", "dbt_project", "planning", "properties", "feeds", "ingest")),
        *(f"tests/{folder}" for folder in ("orchestration", "cli", "docs", "scenarios", "faults", "bench")),
    ],
)  # fmt: skip
def test_things_are_where_the_design_says(place: str) -> None:
    assert (ROOT / place).exists()


def test_every_feed_of_the_registry_has_a_module_and_samples() -> None:
    from pipelines.feeds.registry import FEED_NAMES

    assert [name for name in FEED_NAMES if not (PIPELINES / "feeds" / "declared" / f"{name}.py").exists()] == []
    assert [name for name in FEED_NAMES if not any((ROOT / "data" / "samples" / name).rglob("*.*"))] == []
