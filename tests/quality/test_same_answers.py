"""The SQL that decides and Great Expectations find the same: met, checked and failed, rule for rule, on odd rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.events import ENGINE_TYPES
from pipelines.feeds.registry import FEEDS
from pipelines.quality.batch import Decided, engine
from pipelines.quality.feed_gates import _KEYS, _LOOK, _look_type, look_rules
from pipelines.quality.in_sql import answer
from pipelines.quality.marts_rules import MARTS
from pipelines.quality.rules import Rule, rules_of
from pipelines.quality.suites import Suite, as_json, suite_of
from pipelines.settings import DBT_PROJECT, PROJECT_ROOT
from pipelines.sql_text import literal

NOW = datetime(2026, 3, 8, tzinfo=UTC)
FIRST = date(1999, 12, 31)

ODD_TEXTS = ["", " ", "TEE", "tee", "it's", "é∅", "{batch}", "%", "a\\nb", "refused", "thin", "oos_rate", "fill_rate_units"]
ODD = {
    "varchar": [literal(text) for text in ODD_TEXTS],
    "boolean": ["true", "false"],
    "double": ["0", "-0.0", "0.05", "0.1", "0.30000000000000004", "1", "'nan'", "'inf'", "'-inf'", "1e300", "-1e-300"],
    "decimal": ["0", "1", "-1", "0.5", "2", "100.1"],
    "integer": ["0", "1", "-1", "2", "500", "501", "1000000"],
    "timestamp": ["'1970-01-01'", "'1999-12-30 23:59:59.999999'", "'1999-12-31'", "'1999-12-31 00:00:00.000001'", "'2026-03-01 10:00'"],
    "date": ["'1970-01-01'", "'1999-12-30'", "'1999-12-31'", "'2000-01-01'", "'2026-03-01'"],
}
"""Values by kind of column, as SQL; null comes to each."""
ROWS = 37


def kind_of(sql_type: str) -> str:
    """The kind of values that a type has."""
    kind = sql_type.lower().partition("(")[0].removesuffix(" with time zone")
    return {"bigint": "integer", "smallint": "integer", "uinteger": "integer", "varchar[]": "varchar"}.get(kind, kind)


def around(rules: list[Rule], column: str, kind: str) -> list[str]:
    """The bounds that rules set on a column, and what lies right beside them."""
    bounds = [bound for rule in rules if column in rule.columns for bound in (rule.low, rule.high) if bound is not None]
    step = {"integer": 1, "decimal": 0.1, "double": 1e-9}.get(kind)
    return [f"{value:.15g}" for bound in bounds for value in (bound, bound - step, bound + step)] if step else []


def odd_table(columns: dict[str, str], rules: list[Rule], rows: int = ROWS) -> str:
    """A table as SQL whose cells go round through odd values, boundaries and nulls; in each column in another order."""
    cells = []
    for place, (name, sql_type) in enumerate(columns.items()):
        kind = kind_of(sql_type)
        pool = [*dict.fromkeys([*ODD[kind], *around(rules, name, kind)]), "null"]
        stride = next(step for step in range(place + 1, place + 99) if len(pool) % step or step == 1)
        cells.append([f'try_cast({pool[(row * stride + place) % len(pool)]} as {sql_type}) as "{name}"' for row in range(rows)])
    return " union all ".join(f"select {', '.join(row)}" for row in zip(*cells, strict=True))


@contextmanager
def both(tables: dict[str, str], rules: dict[str, list[Rule]]) -> Iterator[tuple[dict[str, Decided], dict[str, Any]]]:
    """What the SQL and what the library find of each rule; a table of one name is the query of that name."""
    from pipelines.quality import _gx

    suites: dict[str, Suite] = {name: suite_of(name, of) for name, of in rules.items()}
    with engine() as db:
        for name, query in tables.items():
            db.execute(f'create table "{name}" as {query}')
        decided = {
            one.rule_code: Decided("t", one.is_met, one.rows_checked, one.rows_failed)
            for name, suite in suites.items()
            for one in answer(db, name, suite)
        }
    with _gx.validated(tables, json.loads(json.dumps(suites)), run_at=NOW) as validation:
        yield decided, validation.answers()


def assert_same(decided: dict[str, Decided], answers: dict[str, Any]) -> None:
    from pipelines.processes.validation import differences

    assert sorted(answers) == sorted(decided)
    assert differences(decided, answers) == {}


def kinds(table: str) -> list[Rule]:
    """Every word of a rule, and shares of rows that are just met or just not."""

    def rule(number: int, word: Any, *columns: str, **terms: Any) -> Rule:
        return Rule(f"{table}.{number}", table, word, columns, "", **terms)

    ranges: list[dict[str, Any]] = [{"low": 0, "high": 500}, {"low": 0.05, "high": 0.1}, {"low": 1}, {"high": -0.5}]
    shares = [0.0, 0.25, 0.5, 0.9, 1.0]
    asked: list[tuple[Any, tuple[str, ...], dict[str, Any]]] = [
        *(("not_null", (column,), {"at_least": share}) for column in ("t", "d") for share in shares),
        *(
            ("between", (column,), {**terms, "at_least": share})
            for column in ("i", "d", "f")
            for terms in ranges
            for share in ((1.0, 0.5) if column == "d" else (1.0,))
        ),
        *(("not_before", (column,), {"first": FIRST}) for column in ("moment", "day")),
        *(("one_of", ("t",), {"values": values}) for values in (("TEE",), ("it's", "é∅", ""), tuple(ODD_TEXTS))),
        ("one_of", ("t",), {"values": ("TEE", "tee"), "at_least": 0.1}),
        *(("unique", columns, {}) for columns in (("t",), ("n",), ("f",), ("t", "i"), ("t", "b"), ("n", "t"), ("i", "d", "moment"))),
        *(("matches", ("t",), {"pattern": pattern}) for pattern in ("[A-Za-z]+", "T{1}E{2}", "", ".*", "it's|é.")),
        ("holds", ("i", "d"), {"condition": "i < d"}),
        ("holds", ("b",), {"condition": "b or t = '{batch}'"}),
        ("holds", ("i",), {"condition": "(select avg(i) from {batch}) < 5 or i > 0"}),
        ("holds", ("f",), {"condition": "isfinite(f)"}),
    ]
    return [rule(number, word, *columns, **terms) for number, (word, columns, terms) in enumerate(asked)]


COLUMNS = {
    "t": "varchar", "i": "bigint", "d": "decimal(18,4)", "f": "double", "moment": "timestamp", "day": "date", "b": "boolean",
}  # fmt: skip


def test_every_word_on_odd_rows_on_none_and_on_nulls() -> None:
    odd = odd_table(COLUMNS, kinds("odd"))
    numbered = f"select *, row_number() over () as n from ({odd})"
    nothing = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in {**COLUMNS, "n": "bigint"}.items())
    tables = {
        "odd": numbered,
        "none": f"select * from ({numbered}) where false",
        "nulls": f"select {nothing} from range(3)",
    }
    with both(tables, {name: kinds(name) for name in tables}) as (decided, answers):
        assert_same(decided, answers)
    met = {name: sum(one.is_met for code, one in decided.items() if code.startswith(f"{name}.")) for name in tables}
    assert 10 < met["odd"] < len(kinds("odd")) - 10  # the rows show the library both sides of most rules
    assert met["none"] == len(kinds("none"))


def declared() -> dict[str, tuple[dict[str, str], list[Rule]]]:
    """Columns with their types, and rules, of every table that a gate looks at."""
    found: dict[str, tuple[dict[str, str], list[Rule]]] = {}
    for feed in FEEDS:
        rules = rules_of(feed, feed.name, _KEYS)
        names = dict.fromkeys((*_KEYS, *(name for rule in rules for name in rule.columns)))
        found[feed.name] = ({name: ENGINE_TYPES.get(name, "VARCHAR") for name in names}, rules)
    of_looks = [rule for feed in FEEDS for rule in look_rules(feed.name)]
    figures = dict.fromkeys(name for rule in of_looks for name in rule.keys)
    found[_LOOK] = ({name: _look_type("newest_day" if name.endswith("newest_day") else name) for name in figures}, of_looks)
    types = {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for file in sorted((DBT_PROJECT / "models" / "marts").glob("*/_*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    }
    for mart in MARTS:
        of_mart = types[mart.table if mart.table in types else mart.name]
        names = dict.fromkeys((*mart.keys, *(name for rule in mart.rules for name in rule.columns)))
        found[mart.table] = ({name: of_mart[name] for name in names}, list(mart.rules))
    return found


def test_every_rule_of_every_feed_and_mart() -> None:
    of_tables = {name: one for name, one in declared().items() if one[1]}
    tables = {name: odd_table(columns, rules) for name, (columns, rules) in of_tables.items()}
    with both(tables, {name: rules for name, (_, rules) in of_tables.items()}) as (decided, answers):
        assert_same(decided, answers)
    assert len(decided) == sum(len(rules) for _, rules in declared().values())
    broken = [code for code, one in decided.items() if not one.is_met]
    assert len(decided) / 2 < len(broken) < len(decided)  # odd rows break most, but not those that ask for half


def test_the_suites_on_disk_are_the_librarys_own(tmp_path: Path) -> None:
    """What people open: a file context of the library lists the suites, each as it was compiled."""
    rules = rules_of(FEEDS[0], "pos", _KEYS)
    suite = suite_of("pos", rules)
    folder = tmp_path / "quality" / "gx" / "expectations"
    folder.mkdir(parents=True)
    (folder / "pos.json").write_bytes(as_json(suite))
    code = """
import json, sys, warnings
warnings.simplefilter("ignore")
import great_expectations as gx
context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
[suite] = context.suites.all()
print(json.dumps(suite.to_json_dict()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "quality")], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={"GX_ANALYTICS_ENABLED": "false", "HOME": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    read = json.loads(done.stdout.splitlines()[-1])
    assert read["name"] == "pos"
    compared = ("type", "kwargs", "meta", "severity", "description")
    ours = [{name: one[name] for name in compared} for one in suite["expectations"]]
    for one in ours:
        # The library leaves out a share that is all.
        one["kwargs"] = {name: value for name, value in one["kwargs"].items() if (name, value) != ("mostly", 1.0)}
    for one in read["expectations"]:
        one["kwargs"] = {name: value for name, value in one["kwargs"].items() if (name, value) != ("mostly", 1.0)}
    assert [{name: one[name] for name in compared} for one in read["expectations"]] == ours


@pytest.mark.parametrize("module", ["pipelines.quality.gates", "pipelines.stages", "pipelines.build.process"])
def test_deciding_does_not_load_the_library(module: str, tmp_path: Path) -> None:
    code = f"""
import sys
from datetime import datetime, timezone
from pathlib import Path
import {module}
from pipelines.quality.gates import check_feeds
from tests.worlds.small_home import SmallHome, pos
home = SmallHome(Path(sys.argv[1]))
home.deliver(**{{"pos/a.jsonl": [pos("P1", 1, "sale", "2026-03-03T10:00:00", "TEE", 1)]}})
runs = check_feeds(home.home, clock=lambda: datetime(2026, 4, 2, tzinfo=timezone.utc))
assert {{run.subject for run in runs}} == {{"pos", "reference"}}, runs
print(sorted({{"great_expectations", "sqlalchemy", "pandas"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
