"""The reasons of quarantine stand in one list: none is raised, shown or documented outside it, and none only stands there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.cli.rejects import REMEDIES
from pipelines.feeds.reasons import FILE_REASONS, MEANING, REASONS, WAITS
from pipelines.settings import DBT_PROJECT

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = ROOT / "pipelines"
RAISING = {"Refused": 0, "FileRefused": 0, "add": 0, "refuse_file": 0, "sentence": 0, "Reject": 1, "set_aside": 2}
"""Calls that give a row or file its reason, and the place of the code among their arguments."""
KNOWN = {*REASONS, *MEANING}


def _codes(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.IfExp):
        yield from _codes(node.body)
        yield from _codes(node.orelse)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


def _is_of_reasons(node: ast.Call) -> bool:
    """`add` is a reason's on `faults` alone."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return _called(node) != "add" or (isinstance(owner, ast.Name) and owner.id == "faults")


def _raised(folder: str) -> set[str]:
    """Codes that calls and SQL of these modules give to rows."""
    found: set[str] = set()
    for file in (PIPELINES / folder).rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) in RAISING and _is_of_reasons(node):
                for argument in node.args[RAISING[_called(node)] :][:1]:
                    found |= set(_codes(argument))
        for node in tree.body if file.name == "resolve.py" else ():
            if isinstance(node, ast.FunctionDef) and node.name in ("_problem", "_measuring"):
                found |= {
                    code
                    for part in ast.walk(node)
                    if isinstance(part, ast.Constant)
                    for code in re.findall(r"then '(\w+)'", str(part.value))
                }
    return found


def test_ingest_gives_no_reason_that_is_not_of_form() -> None:
    raised = _raised("feeds") | _raised("ingest")
    assert len(raised) > 60
    assert raised - set(REASONS) == set()


def test_the_owner_gives_no_reason_that_is_not_of_meaning() -> None:
    raised = _raised("owner")
    assert {"unknown_item", "fractional_quantity", "kit_without_bom", "ambiguous_order"} <= raised
    assert raised - set(MEANING) == set()


def test_every_code_of_the_list_is_written_where_rows_are_judged() -> None:
    judging = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("feeds", "ingest", "owner")
        for file in (PIPELINES / folder).rglob("*.py")
        if file.name != "reasons.py"
    )
    made_up = {"gtin_taken", "gln_taken"}  # of the kind of code that is taken
    assert [code for code in sorted(KNOWN - made_up) if not re.search(rf"\b{code}\b", judging)] == []


def test_what_waits_can_be_explained_and_nothing_else_is() -> None:
    assert set(MEANING) >= WAITS
    assert set(REASONS) >= FILE_REASONS
    assert set(REMEDIES) <= KNOWN


def test_sql_and_pages_name_no_other_reason() -> None:
    named: set[str] = set()
    for file in (
        *(DBT_PROJECT / "models").rglob("*.sql"),
        *(DBT_PROJECT / "macros").rglob("*.sql"),
        *(DBT_PROJECT / "tests").rglob("*.sql"),
    ):
        text = file.read_text(encoding="utf-8")
        if "source('ledger', 'quarantine')" in text or "ops__quarantine" in text:
            for listed in re.findall(r"reason_code (?:=|<>|in|not in) (\([^)]*\)|'\w+')", text):
                named |= set(re.findall(r"'(\w+)'", listed))
    assert named - KNOWN == set()
    samples = (ROOT / "data" / "samples" / "bad" / "expected.csv").read_text(encoding="utf-8")
    expected = {code for line in samples.splitlines()[1:] for code in re.findall(r"(\w+):\d+", line.split(",")[6])}
    assert len(expected) > 30
    assert expected - KNOWN == set()
