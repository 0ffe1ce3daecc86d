"""Every figure of the chain stands in the published tables, as planning kept it."""

from __future__ import annotations

import math
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from pipelines.explain.chain import Explanation
from pipelines.explain.terms import Section, Term
from pipelines.planning.rules import SETTINGS
from pipelines.publish.reader import open_published
from pipelines.settings import Home

from .conftest import key_of

pytestmark = pytest.mark.timeout(900)  # the first test makes the world

AT = "timestamptz '2026-06-01 06:00:00+02'"
Frame = dict[tuple[str, str], dict[str, Any]]
Tables = dict[str, dict[tuple[int, int], list[dict[str, Any]]]]

TABLES = {
    "plan.safety_stock": "select item_id, location_id, * from plan.safety_stock",
    "plan.reorder_points": "select item_id, location_id, * from plan.reorder_points",
    "plan.reorder_proposals": "select item_id, location_id, * from plan.reorder_proposals where is_latest_run",
    "demand.variance_as_of": f"select item_id, location_id, * from demand.variance_as_of({AT})",
    "plan.lead_times_as_of": f"select item_id, location_id, t.* from plan.lead_times_as_of({AT}) t "
    "join plan.reorder_points p using (item_id, location_id, supplier_id)",
}
"""Every table a figure can come from, one row an item-place."""
LISTED = {
    "supply": f"select item_id, location_id, open_units from plan.open_supply_as_of({AT}) where open_units > 0",
    "stock": f"select item_id, location_id, sum(on_hand_units) from core.on_hand_as_of({AT}) "
    "group by item_id, location_id, stock_state having sum(on_hand_units) <> 0",
}
_MOVEMENTS = """
with moved as (
    select item_id, location_id, movement_id, sum(delta_units) as delta_units, max(occurred_at) as happened_at, max(known_at) as known
    from core.fct_movements group by all)
select item_id, location_id, delta_units from moved order by happened_at desc, known desc, movement_id desc"""


@pytest.fixture(scope="module")
def tables(world: Home) -> Tables:
    """Relation to its rows by item and place, read whole and apart from the chain's own queries."""
    found = {}
    with open_published(world) as con:
        for name, query in {**TABLES, **LISTED, "movements": _MOVEMENTS}.items():
            cursor = con.execute(query)
            columns = [column[0] for column in cursor.description or []]
            by_key: dict[tuple[int, int], list[dict[str, Any]]] = {}
            for row in cursor.fetchall():
                by_key.setdefault(row[:2], []).append(dict(zip(columns, row, strict=True)))
            found[name] = by_key
    return found


def section(chain: Explanation, code: str) -> Section:
    return next(one for one in chain.sections if one.code == code)


def test_the_world_has_every_decision_and_enough_plans(chains: list[Explanation]) -> None:
    decisions = Counter(chain.decision for chain in chains)
    assert {"order", "no_terms", "already_ordered", "no_demand", "unknown", "enough", "not_planned"} <= decisions.keys(), decisions
    assert sum(chain.facts.plan is not None for chain in chains) >= 100


def test_every_figure_of_one_column_equals_the_table_on_200_item_places(tables: Tables, chains: list[Explanation], seed: int) -> None:
    wrong, compared = [], 0
    for chain in chains:
        key = chain.facts.item["item_id"], chain.facts.location["location_id"]
        for term in (term for one in chain.sections for term in one.terms if term.named is None):
            table, _, column = term.source.rpartition(".")
            if table not in TABLES or "," in term.source:
                continue
            rows = tables[table].get(key, [])
            known = rows[0][column] if rows else 0 if term.code == "n_receipts" else None
            compared += 1
            if len(rows) > 1 or known != term.value:
                wrong.append((key_of(chain.facts), term.code, term.value, rows))
    assert wrong == [], f"seed {seed}"
    assert compared > 3000


def test_listed_rows_are_those_of_the_tables(tables: Tables, chains: list[Explanation]) -> None:
    for chain in chains:
        key = chain.facts.item["item_id"], chain.facts.location["location_id"]
        for code in LISTED:
            shown = sorted(term.value for term in section(chain, code).terms)
            assert shown == sorted(list(row.values())[2] for row in tables[code].get(key, [])), (key_of(chain.facts), code)
        newest = [row["delta_units"] for row in tables["movements"].get(key, [])[:8]]
        assert [term.value for term in section(chain, "movements").terms] == newest, key_of(chain.facts)


def test_the_terms_that_planning_kept_are_those_of_its_frame(chains: list[Explanation], planned: Frame, seed: int) -> None:
    for chain in chains:
        frame = planned.get(key_of(chain.facts))
        plan = chain.facts.plan
        assert (frame is None) == (plan is None), key_of(chain.facts)
        if frame is None or plan is None:
            continue
        assert chain.decision == frame["decision"], key_of(chain.facts)
        for name in ("covered_days", "free_units", "needed_units", "target_units", "target_kind", "target_days", "n_own_receipts"):
            kept = plan[name]
            wanted = frame[name] if kept is None or isinstance(kept, str) else pytest.approx(frame[name], abs=1e-3)
            assert (float(kept) if isinstance(kept, Decimal) else kept) == wanted, (key_of(chain.facts), name, f"seed {seed}")
        for name, setting in chain.facts.settings.items():
            if name in frame and name != "method" and not name.startswith(("order_cost", "currency")):
                assert float(setting["setting_value"]) == pytest.approx(frame[name]), (key_of(chain.facts), name)
        assert chain.facts.settings.keys() == SETTINGS.keys()


def test_a_setting_names_the_policy_row_that_set_it(chains: list[Explanation]) -> None:
    rows = [setting for chain in chains for setting in chain.facts.settings.values()]
    assert {row["policy_table"] for row in rows} == {None, "plan.policy_service_targets", "plan.policy_planning"}
    assert all((row["policy_table"] is None) == (row["policy_code"] is None) for row in rows)
    for chain in chains:
        if chain.facts.plan:
            named = {row["policy_code"] for row in chain.facts.settings.values()} - {None, "default"}
            assert named <= set(chain.facts.plan["policy_code"].split("+"))


def test_open_supply_is_counted_as_planning_counts_it(chains: list[Explanation]) -> None:
    verdicts: Counter[str] = Counter()
    for chain in chains:
        plan = chain.facts.plan
        if plan is None:
            continue
        units: Counter[str] = Counter()
        for term in section(chain, "supply").terms:
            assert term.note is not None
            verdict = term.note[0].split("_")[1]
            kind = "excluded" if verdict != "useful" else "po" if term.code == "supply_po" else "transit"
            units[kind] += term.value
            verdicts[verdict] += 1
        assert section(chain, "supply").note in (None, ("supply_none", {})), "nothing came after the plan"
        assert units["po"] == plan["on_order_units"], key_of(chain.facts)
        assert units["transit"] == plan["in_transit_units"], key_of(chain.facts)
        assert units["excluded"] == plan["excluded_supply_units"], key_of(chain.facts)
    assert {"useful", "later", "overdue"} <= verdicts.keys()


def test_a_formula_reckoned_as_it_is_written_gives_its_figure(chains: list[Explanation]) -> None:
    reckoned = 0
    for chain in chains:
        for term in (term for one in chain.sections for term in one.terms):
            text = term.formula_text("en")
            if not text or term.unit == "date" or "F^-1" in text:
                continue
            python = (
                text.replace(",", "").replace(" x ", " * ").replace("^", "**").replace("sqrt", "math.sqrt").replace("floor", "math.floor")
            )
            value = eval(python, {"math": math})
            assert float(term.value) == pytest.approx(value, rel=6e-3, abs=6e-3), (key_of(chain.facts), term.code, text)
            reckoned += 1
    assert reckoned > 1000


def test_why_in_the_tables_says_the_same_figures(chains: list[Explanation]) -> None:
    for chain in chains:
        if chain.why is None:
            continue
        data = chain.to_data("en")
        shown = numbers_of(data["headline"])
        for one in data["sections"]:
            for term in one["terms"]:
                shown |= numbers_of(f"{term['label']} {term['text']} {term['formula']} {term['note']}")
        said = numbers_of(re.sub(r"\b[A-Z][A-Z]*-[\w-]+", "", chain.why))  # document numbers and supplier codes are no figures
        missing = [number for number in said if not any(abs(number - other) <= 0.00501 + abs(number) * 1e-3 for other in shown)]
        assert missing == [], (key_of(chain.facts), chain.why)


def numbers_of(text: str) -> set[float]:
    return {abs(float(number)) for number in re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d\d\d)", "", text))}


def test_the_textbook_point_stands_beside_the_chosen_one(chains: list[Explanation]) -> None:
    seen = set()
    for chain in chains:
        if chain.facts.plan is None or chain.facts.plan["reorder_point_units"] is None:
            continue
        term = next(term for term in section(chain, "point").terms if term.code == "simple_reorder_point_units")
        assert isinstance(term, Term)
        assert term.note is not None
        plan = chain.facts.plan
        seen.add(term.note[0])
        assert term.note[1]["difference"] == abs(plan["reorder_point_units"] - plan["simple_reorder_point_units"])
    assert {"simple_is_less", "simple_is_equal"} <= seen
