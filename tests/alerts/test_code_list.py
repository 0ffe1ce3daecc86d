"""The one list of alert codes: nothing is raised, shown or documented that it does not have, and nothing of it is missing anywhere."""

from __future__ import annotations

import ast
import csv
import re
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.alerts.codes import CODES_FILE, SEVERITIES, alert_codes, alert_name
from pipelines.alerts.watch import raise_alert
from pipelines.ledger.instants import system_clock
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT, Home

MODELS = DBT_PROJECT / "models"
RAISING = [
    file for file in sorted((MODELS / "intermediate").glob("int_alerts__*.sql")) if " as alert_code" in file.read_text(encoding="utf-8")
]
SENSORS = PROJECT_ROOT / "orchestration" / "sensors.py"


def raised_by_sql() -> dict[str, set[str]]:
    """Code: the severities that a model can give it."""
    found: dict[str, set[str]] = {}
    for file in RAISING:
        for one in re.split(r"union all", file.read_text(encoding="utf-8")):
            chosen = re.search(r"select\s+case ([^\n]*) end as alert_code", one)
            codes = re.findall(r"(?:then|else) '(\w+)'", chosen.group(1)) if chosen else re.findall(r"'(\w+)' as alert_code", one)
            for code in codes:
                severity = re.search(r"as alert_code,(.*?) as severity", one, re.DOTALL)
                assert severity, file.name
                said = re.findall(r"(?:then|else|^\s*)\s*'(\w+)'", severity.group(1))
                found.setdefault(code, set()).update(said)
    return found


def raised_by_python() -> dict[str, set[str]]:
    """Code: the severities with which Python raises it, read from every call of `raise_alert` and of the sensors' `_raise`."""
    found: dict[str, set[str]] = {}
    for file in [file for folder in ("pipelines", "orchestration") for file in (PROJECT_ROOT / folder).rglob("*.py")]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named = {node.target.id: node.value for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]:
            assert isinstance(call.func, ast.Name)
            given = {one.arg: one.value for one in call.keywords}
            if call.func.id == "raise_alert" and file != SENSORS:
                code, severity = given["code"], given["severity"]
            elif call.func.id == "_raise" and file == SENSORS:
                code, severity = call.args[1], ast.Constant("critical")
            else:
                continue
            values = [named[one.id] if isinstance(one, ast.Name) else one for one in (code, severity)]
            said = [one.value for one in values if isinstance(one, ast.Constant)]
            assert len(said) == 2, f"{file}:{call.lineno} does not say which alert it raises"
            found.setdefault(str(said[0]), set()).add(str(said[1]))
    return found


def test_what_is_raised_is_the_list_with_its_severities() -> None:
    by_python, by_sql = raised_by_python(), raised_by_sql()
    assert by_python.keys() & by_sql.keys() == set()
    assert by_python | by_sql == {code: set(one.severities) for code, one in alert_codes().items()}


def test_severities_are_the_known_ones_the_most_severe_first() -> None:
    order = {severity: number for number, severity in enumerate(SEVERITIES)}
    assert [
        one.code for one in alert_codes().values() if list(one.severities) != sorted(one.severities, key=lambda name: order[name])
    ] == []


def test_every_code_has_its_words_in_both_languages() -> None:
    assert [one.code for one in alert_codes().values() if not all([*one.names.values(), *one.to_do.values()])] == []
    for language in ("en", "fr"):
        names = [one.names[language] for one in alert_codes().values()]
        assert len(set(names)) == len(names)
    assert alert_name("of_a_later_version", "fr") == "of_a_later_version"


def test_sql_has_the_same_list() -> None:
    model = (MODELS / "marts" / "ops" / "ops__alert_codes.sql").read_text(encoding="utf-8")
    with duckdb.connect() as con:
        found = con.execute(re.sub(r"\{\{.*?\}\}", "", model))
        columns, rows = [name[0] for name in found.description or ()], [list(row) for row in found.fetchall()]
    with CODES_FILE.open(encoding="utf-8", newline="") as file:
        assert [columns, *rows] == list(csv.reader(file))


def test_the_column_documents_exactly_the_list() -> None:
    block = re.search(r"\{% docs alert_code %\}\n(.*?)\n", (MODELS / "_columns.md").read_text(encoding="utf-8"))
    assert block
    assert re.split(r", | or ", block.group(1).rstrip(".")) == list(alert_codes())


def test_the_command_takes_every_code_and_no_other(tmp_path: Path) -> None:
    from pipelines.cli.main import app

    said = CliRunner().invoke(app, ["alerts", "--code", "stock_out", "--home", str(tmp_path)])
    assert said.exit_code != 0
    text = CliRunner().invoke(app, ["alerts", "--help"], env={"COLUMNS": "400"}).output
    assert [code for code in alert_codes() if code not in text] == []


def test_nobody_can_raise_what_the_list_does_not_have(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    for code, severity in (("stock_out", "critical"), ("run_failed", "info")):
        with pytest.raises(ValueError, match=code):
            raise_alert(home, code=code, subject="job", severity=severity, what="it failed", clock=system_clock)  # type: ignore[arg-type]
    assert not (home.spool / "alerts").exists()


def test_the_readme_names_no_code_that_is_not_on_the_list() -> None:
    text = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(\w+) \((?:critical|warning|info)\)", text)) | set(re.findall(r"alert_code = '(\w+)'", text))
    assert named - alert_codes().keys() == set()


def test_the_former_word_stands_only_where_the_alias_needs_it() -> None:
    """Goes with the alias."""
    former = "trou" + "ble"
    files = [file for folder in ("pipelines", "orchestration", "dbt_project") for file in (PROJECT_ROOT / folder).rglob("*")
             if file.suffix in {".py", ".sql", ".yml", ".md", ".csv", ".toml"}]  # fmt: skip
    found = {
        (file.name, word) for file in files for word in re.findall(rf"\w*{former}\w*", file.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    assert {word for _, word in found} == {f"{former}_key"}
    assert {name for name, _ in found} == {
        "tables.py",
        "watch.py",
        "stg_ledger__alert_changes.sql",
        "ops__alerts.sql",
        "_ops__models.yml",
        "_columns.md",
    }
