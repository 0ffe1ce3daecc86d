"""Rules: what each word finds, and that no rule stands in two places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from pipelines.errors import UserError
from pipelines.feeds import expect
from pipelines.feeds.expect import Expectation
from pipelines.feeds.registry import FEEDS
from pipelines.feeds.spec import Feed, Kind
from pipelines.quality.batch import engine
from pipelines.quality.feed_gates import look_rules
from pipelines.quality.in_sql import Outcome, answer, question_of
from pipelines.quality.marts_rules import MARTS
from pipelines.quality.rules import Rule, rules_of
from pipelines.quality.suites import expectation_of, suite_of
from pipelines.settings import DBT_PROJECT
from tests.worlds.dbt_builds import parsed_project

ROWS = """
create table lines as select * from (values
    ('P1', 1, 2.0, 'sale', timestamp '2026-03-01 10:00', 'TEE'),
    ('P1', 2, 900.0, 'return', timestamp '2026-03-01 10:00', 'TEE'),
    ('P2', 1, null, 'sale', timestamp '1970-01-01 00:00', null),
    ('P2', 1, 3.0, 'gift', timestamp '2026-03-02 10:00', 'mug')
) t(document_id, document_line, quantity, event_kind, occurred_at, item_code)"""


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with engine() as opened:
        opened.execute(ROWS)
        yield opened


def outcome(db: duckdb.DuckDBPyConnection, expectation: Expectation) -> Outcome:
    feed = Feed("lines", "", (Kind("sale"),), (), None, FEEDS[0].lateness, expectations=(expectation,))
    [rule] = rules_of(feed, "lines", ("document_id",))
    return answer(db, "lines", suite_of("lines", [rule]))[0]


MET_AND_BROKEN = [
    (expect.not_null("document_id"), expect.not_null("item_code"), 1),
    (expect.unique("document_id", "document_line", "quantity"), expect.unique("document_id", "document_line"), 2),
    (expect.unique("occurred_at", "quantity"), expect.unique("quantity", "item_code"), None),
    (expect.between("quantity", 0, 900), expect.between("quantity", 0, 899), 1),  # of the rows that have one
    (expect.between("quantity", 0, 899, at_least=0.5), expect.between("quantity", 0, 2, at_least=0.5), 2),
    (expect.one_of("event_kind", "sale", "return", "gift"), expect.one_of("event_kind", "sale", "gift"), 1),
    (expect.matches("item_code", "[A-Za-z]+"), expect.matches("item_code", "[A-Z]{3}"), 1),
    (expect.matches("item_code", "TE{1,2}|mug"), expect.matches("item_code", "T"), 3),
    (expect.not_before("occurred_at", date(1970, 1, 1)), expect.not_before("occurred_at", date(1999, 12, 31)), 1),
]


@pytest.mark.parametrize(
    ("met", "broken", "rows"), MET_AND_BROKEN, ids=[f"{met.word}-{number}" for number, (met, _, _) in enumerate(MET_AND_BROKEN)]
)
def test_each_word_is_met_and_broken(db: duckdb.DuckDBPyConnection, met: Expectation, broken: Expectation, rows: int | None) -> None:
    assert outcome(db, met).is_met
    if rows is None:
        return
    found = outcome(db, broken)
    with_values = 3 if met.word == "between" else 4
    assert (found.is_met, found.rows_checked, found.rows_failed) == (False, with_values, rows)
    assert len(found.failed_rows) == rows
    assert "document_id" in found.failed_rows[0]


def test_what_has_no_form_in_sql_is_refused_and_not_passed_over(db: duckdb.DuckDBPyConnection) -> None:
    kind: dict[str, Any] = {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "quantity", "min_value": 0}}
    argument = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "quantity", "row_condition": 'col("quantity") > 3'}}
    query = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "select 1"}}
    for one in (kind, argument, query):
        with pytest.raises(UserError, match="a gate cannot check this in SQL"):
            question_of(one, "lines")
    gone = suite_of("lines", [Rule("r", "lines", "not_null", ("colour",), "")])
    with pytest.raises(UserError, match="colour"):
        answer(db, "lines", gone)


def test_stop_blocks_and_warn_warns() -> None:
    of_pos = {rule.code: rule.severity for rule in rules_of(FEEDS[0], "pos", ())}
    assert of_pos["pos.quantity.between_mostly"] == "block"
    assert of_pos["pos.quantity.between_usually"] == "warn"


def test_no_single_row_can_stop_a_feed() -> None:
    with pytest.raises(ValueError, match="one row must not"):
        expect.between("quantity", 0, 5, on_fail="stop")
    blocking = [rule for feed in FEEDS for rule in rules_of(feed, feed.name, ()) if rule.severity == "block"]
    assert blocking and all(rule.at_least < 1 for rule in blocking)


def test_what_data_alone_can_cause_never_blocks_the_marts() -> None:
    # The bounds that block are those below which a formula is wrong; how big, how old and how many is the senders' affair.
    blocking = [rule for mart in MARTS for rule in mart.rules if rule.severity == "block"]
    assert [rule.code for rule in blocking if rule.high is not None or rule.word == "not_before"] == []


def test_every_rule_has_a_name_of_its_own_and_says_what_it_wants() -> None:
    rules = [rule for feed in FEEDS for rule in (*rules_of(feed, feed.name, ()), *look_rules(feed.name))]
    rules += [rule for mart in MARTS for rule in mart.rules]
    codes = [rule.code for rule in rules]
    assert len(codes) == len(set(codes))
    assert [rule.code for rule in rules if not rule.what] == []


def test_results_of_planning_never_block() -> None:
    # A plan that blocked would stop the next one, which could only mend it.
    of_plan = [
        rule
        for mart in MARTS
        if mart.full_name in ("plan.safety_stock", "plan.reorder_points", "plan.reorder_proposals")
        for rule in mart.rules
    ]
    assert of_plan
    assert {rule.severity for rule in of_plan} == {"warn"}


def test_rules_name_columns_that_the_marts_have(tmp_path_factory: pytest.TempPathFactory) -> None:
    # A rule about a column that is gone would be passed over.
    manifest = parsed_project(tmp_path_factory.mktemp("parse"))
    columns = {f"{node.schema}.{node.alias}": set(node.columns) for node in manifest.nodes.values() if node.resource_type == "model"}
    wrong = [
        f"{mart.full_name}: {sorted(missing)}"
        for mart in MARTS
        if (missing := {*mart.keys, *([mart.grown_by] if mart.grown_by else []), *(name for rule in mart.rules for name in rule.columns)}
            - columns.get(mart.full_name, set()))
    ]  # fmt: skip
    assert wrong == []


def _stated_by_dbt(manifest: Any) -> set[tuple[str, str, str]]:
    """(mart, column, word) of what dbt checks of every model in one way, in the words of the gates."""
    words = {"not_null": "not_null", "unique": "unique", "accepted_values": "one_of"}
    stated = set()
    for node in manifest.nodes.values():
        if getattr(node, "test_metadata", None) is not None and node.attached_node:
            model = manifest.nodes[node.attached_node]
            stated.add((f"{model.schema}.{model.alias}", node.column_name, words.get(node.test_metadata.name, node.test_metadata.name)))
        if node.resource_type == "model":
            mart, meta = f"{node.schema}.{node.alias}", node.config.meta
            stated.add((mart, ",".join(meta.get("grain", [])), "unique"))
            stated |= {
                (mart, column, "not_null") for column in [*meta.get("grain", []), *meta.get("not_null", [])]
                if column not in meta.get("may_be_null", [])
            }  # fmt: skip
            # A contract's constraints are checked by the database at every build.
            stated |= {
                (f"{node.schema}.{node.alias}", column.name, str(getattr(one.type, "value", one.type)))
                for column in node.columns.values() for one in column.constraints
            }  # fmt: skip
    return stated


def _compared(text: str) -> set[str]:
    """The comparisons in a piece of SQL, each as `left operator right` without spaces and table names."""
    plain = re.sub(r"--[^\n]*|\{\{[^}]*\}\}", " ", text.lower())
    plain = re.sub(r"\b[a-z_]+\.(?=[a-z_])", "", plain)
    return {re.sub(r"\s", "", one) for one in re.findall(r"[a-z_]+\s*(?:<=|>=|<>|<|>)\s*[a-z_0-9.]+", plain)}


def test_no_rule_stands_both_in_dbt_and_here(tmp_path_factory: pytest.TempPathFactory) -> None:
    manifest = parsed_project(tmp_path_factory.mktemp("parse"))
    stated = _stated_by_dbt(manifest)
    both = [rule.code for mart in MARTS for rule in mart.rules if (mart.full_name, ",".join(rule.columns), rule.word) in stated]
    assert both == []

    laws: dict[str, set[str]] = {}
    for node in manifest.nodes.values():
        if node.resource_type == "test" and getattr(node, "test_metadata", None) is None:
            text = (DBT_PROJECT / node.original_file_path).read_text(encoding="utf-8")
            for name in node.depends_on.nodes:
                if name.startswith("model."):
                    model = manifest.nodes[name]
                    laws.setdefault(f"{model.schema}.{model.alias}", set()).update(_compared(text))
    again = [rule.code for mart in MARTS for rule in mart.rules if _breaking(rule) & laws.get(mart.full_name, set())]
    assert again == []


def _breaking(rule: Rule) -> set[str]:
    """What a dbt test that looks for the rows which break this rule would compare."""
    return _compared(question_of(expectation_of(rule), rule.table).broken.replace('"', ""))
