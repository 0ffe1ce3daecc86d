"""A table's rules as a suite of Great Expectations, in the library's own form (JSON), made without the library.

Belongs here: which expectation a rule is, and the files that people open. Does not belong here: what decides (`in_sql`,
compiled from a suite), running a suite in the library (`_gx`).

`exports/quality/gx/expectations/<table>.json` holds the suites of the newest look. The folder is laid out as the library's
projects are: `great_expectations.get_context(mode="file", project_root_dir="<home>/exports/quality")` lists and opens them.
They are written from the declarations at every look; changing a file there changes no gate.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.quality.rules import Rule, quoted
from pipelines.settings import Home
from pipelines.sql_text import literal

Suite = dict[str, Any]
"""`name` (the table), `expectations`, `meta`."""

SUITES_FOLDER: Final = "gx"
"""Beside the reports; the library looks for a project under this name."""
BROKEN_ROWS: Final = "select * from {batch} where "
"""How the query of an expectation in SQL begins; what follows is true of the rows that break it."""
_SEVERITY: Final = {"block": "critical", "warn": "warning"}


def suite_of(table: str, rules: Sequence[Rule]) -> Suite:
    """The suite of one table; `meta.rule` of each expectation is the rule's code, `meta.keys` names a failing row to a person."""
    return {"name": table, "expectations": [expectation_of(rule) for rule in rules], "meta": {}}


def expectation_of(rule: Rule) -> dict[str, Any]:
    """A rule as an expectation; what the library cannot do as one in DuckDB is a query for the rows that break it.

    >>> expectation_of(Rule("r", "pos", "between", ("quantity",), "", low=0))["kwargs"]
    {'column': 'quantity', 'min_value': 0, 'mostly': 1.0}
    """
    name, arguments = _kind_and_arguments(rule)
    return {
        "type": name, "kwargs": arguments, "meta": {"rule": rule.code, "keys": list(rule.keys)},
        "severity": _SEVERITY[rule.severity], "description": rule.what,
    }  # fmt: skip


def _kind_and_arguments(rule: Rule) -> tuple[str, dict[str, Any]]:
    about = {"column": rule.columns[0]} if rule.columns else {}
    mostly = {"mostly": rule.at_least}
    match rule.word:
        case "not_null":
            return "expect_column_values_to_not_be_null", {**about, **mostly}
        case "between":
            bounds = {"min_value": rule.low, "max_value": rule.high}
            return "expect_column_values_to_be_between", {**about, **{name: at for name, at in bounds.items() if at is not None}, **mostly}
        case "not_before":
            return "expect_column_values_to_be_between", {**about, "min_value": str(rule.first), **mostly}
        case "one_of":
            return "expect_column_values_to_be_in_set", {**about, "value_set": list(rule.values), **mostly}
        case "unique" if len(rule.columns) == 1:
            return "expect_column_values_to_be_unique", {**about, **mostly}
        case "unique":
            return "expect_compound_columns_to_be_unique", {"column_list": list(rule.columns), **mostly}
        case "matches":
            condition = f"regexp_full_match({quoted(rule.columns[0])}, {literal(rule.pattern or '')})"
        case "holds":
            condition = rule.condition or "true"
    # Braces are the library's places to fill in; of the rule's own only {batch} is one.
    braces = condition.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
    return "unexpected_rows_expectation", {"unexpected_rows_query": f"{BROKEN_ROWS}not ({braces})"}


def as_json(suite: Suite) -> bytes:
    """A suite as its file holds it."""
    return (json.dumps(suite, indent=2, ensure_ascii=False) + "\n").encode()


def show_suites(home: Home, suites: Mapping[str, Suite]) -> None:
    """Write the suites where people open them; a file that says the same already is left alone."""
    for table, suite in suites.items():
        path = suite_file(home, table)
        content = as_json(suite)
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Whole at every moment; not synced, for the next look writes it again.
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            partial.write_bytes(content)
            partial.replace(path)


def suite_file(home: Home, table: str) -> Path:
    """Where the suite of a table is for people to open."""
    return home.exports / "quality" / SUITES_FOLDER / "expectations" / f"{table}.json"
