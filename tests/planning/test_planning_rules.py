"""Policy rows: which one holds, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from pipelines.errors import UserError
from pipelines.planning.rules import MATCHES, SETTINGS, Policy, policy_from_tables, settings_in_force, with_settings

AS_OF_ON = date(2026, 3, 8)
TARGETS, PLANNING = "plan.policy_service_targets", "plan.policy_planning"


def settled(policy: Policy, **attributes: str | None) -> dict[str, Any]:
    """The settings that hold for an item-location of these attributes."""
    frame = pl.LazyFrame({name: [attributes.get(name)] for name in MATCHES}, schema=dict.fromkeys(MATCHES, pl.String))
    return with_settings(frame, policy).collect().row(0, named=True)


def targets(*rows: dict[str, Any]) -> Policy:
    """A policy of service target rows."""
    return policy_from_tables({TARGETS: pl.DataFrame(list(rows))}, AS_OF_ON)


def test_without_rules_the_default_policy_holds_and_says_so() -> None:
    held = settled(Policy())
    assert (held["policy_code"], held["service_target_rate"], held["review_days"]) == ("default", 0.95, 0)


def test_where_no_rule_matches_the_default_policy_holds_and_says_so() -> None:
    policy = targets({"policy_code": "a_items", "abc_class": "A", "service_target_rate": "0.98"})
    assert settled(policy, abc_class="C")["policy_code"] == "default"
    assert settled(policy)["policy_code"] == "default"
    assert settled(policy, abc_class="A")["service_target_rate"] == 0.98


def test_the_least_priority_wins_and_then_the_rule_that_names_more() -> None:
    policy = targets(
        {"policy_code": "all", "priority": 2, "abc_class": None, "category": "*", "service_target_rate": 0.9},
        {"policy_code": "a", "priority": 1, "abc_class": "A", "category": None, "service_target_rate": 0.95},
        {"policy_code": "a_tea", "priority": 1, "abc_class": "A", "category": "tea", "service_target_rate": 0.99},
    )
    assert settled(policy, abc_class="A", category="tea")["policy_code"] == "a_tea"
    assert settled(policy, abc_class="A", category="cups")["policy_code"] == "a"
    assert settled(policy, abc_class="B")["service_target_rate"] == 0.9


def test_a_catch_all_row_called_default_adds_nothing_to_the_name() -> None:
    policy = policy_from_tables(
        {
            TARGETS: pl.DataFrame(
                {
                    "policy_code": ["class-a", "default"],
                    "priority": [100, 1000],
                    "abc_class": ["A", None],
                    "service_target_rate": [0.98, 0.9],
                }
            ),
            PLANNING: pl.DataFrame({"policy_code": ["default"], "supplier_code": [None], "review_days": [1]}),
        },
        AS_OF_ON,
    )
    assert settled(policy, abc_class="A")["policy_code"] == "class-a"
    held = settled(policy, abc_class="B")
    assert (held["policy_code"], held["service_target_rate"], held["review_days"]) == ("default", 0.9, 1)


def test_a_rule_can_name_the_supplier_that_was_chosen() -> None:
    policy = policy_from_tables(
        {PLANNING: pl.DataFrame({"policy_code": ["slow"], "supplier_code": ["S-CUP"], "review_days": [7]})}, AS_OF_ON
    )
    assert settled(policy, supplier_code="S-CUP")["review_days"] == 7
    assert settled(policy, supplier_code=None)["review_days"] == 0


def test_two_tables_each_give_their_settings() -> None:
    policy = policy_from_tables(
        {
            TARGETS: pl.DataFrame({"policy_code": ["a"], "service_target_rate": [0.98]}),
            PLANNING: pl.DataFrame({"policy_code": ["weekly"], "review_days": [7], "holding_cost_rate": [None]}),
        },
        AS_OF_ON,
    )
    held = settled(policy)
    assert (held["policy_code"], held["service_target_rate"], held["review_days"], held["holding_cost_rate"]) == (
        "a+weekly",
        0.98,
        7,
        0.2,
    )


def test_what_is_in_force_names_the_rule_of_each_setting_and_is_what_planning_used() -> None:
    policy = policy_from_tables(
        {
            TARGETS: pl.DataFrame({"policy_code": ["a", "b"], "abc_class": ["A", "B"], "service_target_rate": [0.98, 0.93]}),
            PLANNING: pl.DataFrame({"policy_code": ["weekly"], "category": ["tea"], "review_days": [7], "reason": ["one lorry a week"]}),
        },
        AS_OF_ON,
    )
    shelves = [{"abc_class": "A", "category": "tea"}, {"abc_class": "B"}, {"abc_class": "C", "category": "tea"}, {}]
    held = [settled(policy, **shelf) for shelf in shelves]
    assert len({one["settings_no"] for one in held}) == 4
    kept = settings_in_force(policy, [one["settings_no"] for one in held])
    for one in held:
        rows = {row["setting_code"]: row for row in kept.filter(pl.col("settings_no") == one["settings_no"]).rows(named=True)}
        assert rows.keys() == SETTINGS.keys()
        for name in ("service_target_rate", "review_days", "method", "cover_days"):
            assert rows[name]["setting_value"] == str(one[name])
        codes = {"service_target_rate": rows["service_target_rate"]["policy_code"], "review_days": rows["review_days"]["policy_code"]}
        assert "+".join(filter(None, codes.values())) == one["policy_code"].replace("default", "")
    weekly = kept.filter((pl.col("setting_code") == "review_days") & (pl.col("policy_code") == "weekly"))
    assert set(weekly["reason"]) == {"one lorry a week"}


def test_a_rule_holds_only_from_its_first_day_to_before_its_last() -> None:
    row = {"policy_code": "soldes", "service_target_rate": 0.8}
    for valid_from, valid_to, held in [("2026-03-08", None, "soldes"), ("2026-03-09", None, "default"), (None, "2026-03-08", "default")]:
        assert settled(targets({**row, "valid_from": valid_from, "valid_to": valid_to}))["policy_code"] == held


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"service_target_rate": -0.1}, "strictly between 0 and 1"),
        ({"service_target_rate": 95}, "strictly between 0 and 1"),
        ({"service_target_rate": "high"}, "not a number"),
        ({"review_days": -1}, "must not be negative"),
        ({"review_days": "1.5"}, "whole number"),
        ({"method": "magic"}, "must be one of auto, simple"),
        ({"review_days": "nan"}, "whole number"),
        ({"brand_code": "X"}, "is not a policy column of planning"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_place(row: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        targets({"policy_code": "p", **row})
    assert TARGETS in str(refused.value)


def test_the_policys_own_defaults_are_checked_too() -> None:
    with pytest.raises(UserError, match="the default policy"):
        Policy(service_target_rate=1.0)
