"""The rules of the tree: who may import whom, what each package says of itself, where things are."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = ROOT / "pipelines"
PACKAGES = sorted(path.parent for folder in (PIPELINES, ROOT / "orchestration") for path in folder.rglob("__init__.py"))
ENGINES = {"apache_beam", "dagster", "dagster_dbt", "dbt", "great_expectations", "scipy", "pandas"}

ALLOWED = {
    # package: what of ours it may import; what is not listed here may import anything of pipelines
    "errors": set(),
    "events": set(),
    "failpoints": set(),
    "settings": set(),
    "heartbeat": {"settings"},
    "children": {"settings"},
    "scheduler": {"children", "errors", "settings", "warehouse"},
    "feeds": {"errors", "events"},
    "spool": {"errors", "failpoints"},
    "ingest": {"errors", "events", "failpoints", "feeds", "settings", "spool"},
    "planning": {"errors", "settings", "warehouse"},
    "publish": {"errors", "failpoints", "settings", "warehouse"},
    "warehouse": {"errors", "events", "failpoints", "feeds", "policies", "publish", "quality", "settings", "spool"},
    "quality": {"errors", "events", "feeds", "settings", "spool", "warehouse"},
    "policies": {"errors", "planning", "settings"},
    "alerts": {"publish", "settings", "warehouse"},
    "explain": {"errors", "publish", "settings", "spool", "warehouse"},
    "exports": {"errors", "feeds", "publish", "settings", "warehouse"},
    "simulate": {"errors"},
}
"""The path goes one way: a package imports what stands before it. Publishing lives inside the owner (warehouse), and reads
only the form of the ledger and of a build; planning and the gates write results in the form of the ledger's tables. A build
asks the gates, which look at dbt's database while the build holds its lock, and first whether the policies can be used."""

BORDERS = {
    ("scheduler", "warehouse"): {"pipelines.warehouse.manifest"},
    ("planning", "warehouse"): {"pipelines.warehouse.results"},
    ("publish", "warehouse"): {"pipelines.warehouse.tables", "pipelines.warehouse.marts_build"},
    ("quality", "warehouse"): {f"pipelines.warehouse.{part}" for part in ("ledger", "marts_build", "marts_export", "results")},
    ("warehouse", "quality"): {"pipelines.quality.gates"},
    ("warehouse", "policies"): {"pipelines.policies.check"},
    ("policies", "planning"): {"pipelines.planning.rules"},
    ("alerts", "warehouse"): {"pipelines.warehouse.results", "pipelines.warehouse.tables"},
    ("alerts", "publish"): {"pipelines.publish.reader"},
    ("explain", "publish"): {"pipelines.publish.reader"},
    ("explain", "warehouse"): {"pipelines.warehouse.keys"},
    ("exports", "feeds"): {"pipelines.feeds.registry"},
    ("exports", "publish"): {"pipelines.publish.reader"},
    ("exports", "warehouse"): {"pipelines.warehouse.marts", "pipelines.warehouse.marts_dbt"},
    ("warehouse", "feeds"): {f"pipelines.feeds.{part}" for part in ("gs1", "reasons", "reference", "registry", "spec")},
}
"""Where a package is imported for a part only."""


def imports_of(file: Path, *, top_only: bool = False) -> set[str]:
    """Full names of the modules a file imports; those inside functions only when asked for all."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" if node.module == "pipelines" else node.module for alias in node.names}
    return found


def own_imports(file: Path) -> set[str]:
    return {name for name in imports_of(file) if name.startswith("pipelines.")}


def unit_of(file: Path) -> str:
    return file.relative_to(PIPELINES).parts[0].removesuffix(".py")


MODULES = sorted(PIPELINES.rglob("*.py"))


def test_arrows_go_one_way() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in MODULES
        if (unit := unit_of(file)) in ALLOWED
        for name in own_imports(file)
        if name.split(".")[1] != unit and name.split(".")[1] not in ALLOWED[unit]
    ]
    assert wrong == []


def test_borders_are_crossed_where_they_are_declared() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in MODULES
        for name in own_imports(file)
        if (border := (unit_of(file), name.split(".")[1])) in BORDERS and name not in BORDERS[border]
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
    files = [file for file in MODULES if unit_of(file) == package]
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
    assert users == {"warehouse/owner.py", "warehouse/schema.py"}


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
        "pipelines/ingest/sources", "pipelines/spool", "pipelines/warehouse/owner.py", "pipelines/warehouse/ledger.py", "pipelines/planning",
        "orchestration/definitions.py", "orchestration/assets",
        "pipelines/publish", "pipelines/simulate", "dbt_project/models/staging", "dbt_project/models/intermediate", "dbt_project/DECISIONS.md",
        *(f"dbt_project/models/marts/{schema}" for schema in ("core", "stock", "availability", "demand", "plan", "kpi", "ops")),
        "data/samples", "data/samples/bad",
        *(f"tests/{folder}" for folder in ("unit", "properties", "feeds", "ingest", "warehouse", "orchestration", "cli", "docs", "scenarios", "faults", "bench")),
    ],
)  # fmt: skip
def test_things_are_where_the_design_says(place: str) -> None:
    assert (ROOT / place).exists()


def test_every_feed_of_the_registry_has_a_module_and_samples() -> None:
    from pipelines.feeds.registry import FEED_NAMES

    assert [name for name in FEED_NAMES if not (PIPELINES / "feeds" / f"{name}.py").exists()] == []
    assert [name for name in FEED_NAMES if not any((ROOT / "data" / "samples" / name).rglob("*.*"))] == []
