"""The chain of one item at one place: proposal, point, position, and what each of them rests on.

Belongs here: which terms there are, in which order, and which columns and formulas they show. The figures are those of
the published tables, as planning kept them; nothing is decided or estimated again. Does not belong here: words (`pipelines.words`), layout (`text`, `page`).
"""

from __future__ import annotations

import dataclasses
import json
from functools import cached_property
from typing import Any

from pipelines.explain.evidence import demand, lead_time, movements, stock, supply
from pipelines.explain.facts import Facts, Row
from pipelines.explain.ordering import no_order, proposal
from pipelines.explain.read import read_facts
from pipelines.explain.terms import Section, Sentence, Term, not_kept, plain, say
from pipelines.settings import Home
from pipelines.words.catalogue import catalogue


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why an item at a place is, or is not, to be ordered: the decision and the sections of the chain behind it."""

    facts: Facts

    @cached_property
    def decision(self) -> str:
        """What follows, by code: as planning decided; `not_planned` and `no_run` where there is no plan, `not_kept` by an earlier version."""
        facts = self.facts
        if facts.plan is None:
            return "not_planned" if facts.run else "no_run"
        return facts.plan["decision"] or ("order" if facts.proposal else "not_kept")

    @cached_property
    def sections(self) -> list[Section]:
        """The chain, from what is proposed back to the movements."""
        facts = self.facts
        made = [proposal(facts) if self.decision == "order" else no_order(facts, self.decision)]
        if facts.plan:
            made += [_point(facts, facts.plan), _position(facts, facts.plan), lead_time(facts, facts.plan)]
        made += [demand(facts), supply(facts), stock(facts), movements(facts)]
        return [section for section in made if section.terms or section.note]

    @cached_property
    def figures(self) -> dict[str, Any]:
        """Figure by the code of its term, as the tables keep it; of listed rows (documents, states, movements) none."""
        return {term.code: term.value for section in self.sections for term in section.terms if term.named is None}

    @property
    def why(self) -> str | None:
        """The same in short, as `plan.reorder_points` has it (English); null where nothing was planned."""
        return str(self.facts.plan["why"]) if self.facts.plan else None

    def headline(self, language: str = "en") -> str:
        """What follows, in one sentence."""
        return say(self.headline_sentence, language)

    @property
    def headline_sentence(self) -> Sentence:
        """The headline's code and figures."""
        facts, plan, order = self.facts, self.facts.plan or {}, self.facts.proposal or {}
        point, position = plan.get("reorder_point_units"), plan.get("inventory_position_units")
        code = self.decision
        if code == "order" and not (point or 0) > 0:
            code = "order_promised"
        if code == "ended" and not facts.item["ended_on"]:
            code = "ended_by_lifecycle"
        if code == "not_planned" and facts.item["item_kind"] in ("bundle", "service"):
            code = "never_stocked"
        return f"headline_{code}", {
            "order": order.get("order_units"),
            "supplier": (facts.supplier or {}).get("supplier_code"),
            "by": order.get("order_by_on"),
            "eta": order.get("eta_on"),
            "position": position,
            "point": point,
            "free": plan.get("free_units"),
            "reason": plan.get("method_reason"),
            "kind": facts.item["item_kind"],
            "ended": facts.item["ended_on"],
            "launched": facts.item["launched_on"],
        }

    def to_data(self, language: str = "en") -> dict[str, Any]:
        """The chain as data: codes, exact figures, units, sources, and the texts in a language."""
        facts = self.facts
        return {
            "item_code": facts.item["item_code"],
            "item_name": facts.item["item_name"],
            "location_code": facts.location["location_code"],
            "location_name": facts.location["location_name"],
            "run": {name: plain(value) for name, value in facts.run.items()} if facts.run else None,
            "publication": {name: plain(value) for name, value in facts.publication.items()},
            "decision": self.decision,
            "headline": self.headline(language),
            "why": self.why,
            "language": language,
            "sections": [
                {
                    "code": section.code,
                    "note": say(section.note, language) if section.note else None,
                    "terms": [term.to_data(language) for term in section.terms],
                }
                for section in self.sections
            ],
        }

    def to_json(self, language: str = "en") -> str:
        """`to_data` as JSON."""
        return json.dumps(self.to_data(language), ensure_ascii=False, indent=2)


def explain(home: Home, item_code: str, location_code: str, *, with_history: bool = False) -> Explanation:
    """Why an item at a place is, or is not, to be ordered, from the version that is published now; `with_history` for its chart.

    Raises UserError (exit code 2) for an unknown code, with the nearest ones, and in a home that has not published yet.
    """
    return Explanation(read_facts(home, item_code, location_code, with_history=with_history))


def _point(facts: Facts, plan: Row) -> Section:
    """The reorder point and everything it is a sum and product of; the textbook's point beside it."""
    daily, daily_sd = plan["demand_units_per_day_mean"], plan["demand_units_per_day_sd"]
    days, days_sd, review = plan["lead_time_days_mean"], plan["lead_time_days_sd"], plan["review_days"]
    covered = plan["covered_days"]
    factor, held, method = plan["service_factor"], plan["safety_stock_units"], plan["method"]
    spread = {"z": factor, "days": covered, "demand": daily, "demand_sd": daily_sd, "days_sd": days_sd}
    safety, points = "plan.safety_stock", "plan.reorder_points"
    # A method that holds stock has its formula in the catalogue.
    is_held = f"formula.held_{method}" in catalogue()
    terms = [
        Term("reorder_point_units", plan["reorder_point_units"], "units", f"{points}.reorder_point_units",
             None if method is None else ("sum", [plan["lead_time_demand_units"], held if is_held else 0]),
             ("point_unknown", {"reason": plan["method_reason"]}) if method is None else None),
        Term("lead_time_demand_units", plan["lead_time_demand_units"], "units", f"{points}.lead_time_demand_units",
             ("product", [daily, covered]), None if plan["demand_of_item_id"] is None else ("demand_followed", {})),
        Term("covered_days", covered, "days", f"{safety}.covered_days", ("sum", [days, review]), not_kept(facts)),
        Term("safety_stock_units", held, "units", f"{safety}.safety_stock_units",
             (f"held_{method}", spread) if is_held else None),
        Term("lead_time_demand_units_sd", plan["lead_time_demand_units_sd"], "units", f"{safety}.lead_time_demand_units_sd",
             (f"spread_{method}", spread) if is_held else None),
        Term("method", method, "method", f"{safety}.method", None, ("method_reason", {"reason": plan["method_reason"]})),
        Term("service_factor", factor, "factor", f"{safety}.service_factor", ("inverse_normal", [plan["service_target_rate"]])),
        Term("service_target_rate", plan["service_target_rate"], "share", f"{safety}.service_target_rate", None,
             _policy(facts, "service_target_rate")),
        Term("simple_reorder_point_units", plan["simple_reorder_point_units"], "units", f"{points}.simple_reorder_point_units",
             ("product", [daily, days]), _beside_simple(plan, is_held=is_held)),
    ]  # fmt: skip
    return Section("point", terms)


def _beside_simple(plan: Row, *, is_held: bool) -> Sentence | None:
    """The textbook's point against the chosen one, in words; null where one of them is unknown."""
    point, simple = plan["reorder_point_units"], plan["simple_reorder_point_units"]
    if point is None or simple is None:
        return None
    values = {"difference": abs(point - simple), "safety": plan["safety_stock_units"], "review": plan["review_days"]}
    if not is_held:
        return "simple_is_chosen", values
    if point == simple:
        return "simple_is_equal", values
    return ("simple_is_less_review" if plan["review_days"] else "simple_is_less"), values


def _policy(facts: Facts, name: str) -> Sentence:
    """Which policy row sets a setting."""
    setting = facts.settings.get(name)
    if setting is None:
        return "not_kept", {}
    if setting["policy_table"] is None:
        return "policy_default", {}
    code = "policy_row" if setting["reason"] else "policy_row_bare"
    return code, {"code": setting["policy_code"], "source": f"{setting['policy_table']}.{name}", "reason": setting["reason"]}


def _position(facts: Facts, plan: Row) -> Section:
    """The inventory position: what is there and surely coming, less what is promised."""
    names = ["sellable_units", "on_order_units", "in_transit_units", "awaiting_putaway_units", "reserved_units", "backorder_units"]
    formula = "position"
    if plan["awaiting_putaway_units"] is None:  # planned by a version that did not count it
        names.remove("awaiting_putaway_units")
        formula = "position_without_putaway"
    points = "plan.reorder_points"
    terms = [
        Term("inventory_position_units", plan["inventory_position_units"], "units", f"{points}.inventory_position_units",
             (formula, [plan[name] for name in names])),
        *(Term(name, plan[name], "units", f"{points}.{name}", None, _count_first(plan) if name == "sellable_units" else None) for name in names),
        Term("excluded_supply_units", plan["excluded_supply_units"], "units", f"{points}.excluded_supply_units", None,
             ("excluded_supply", {}) if plan["excluded_supply_units"] else None),
    ]  # fmt: skip
    return Section("position", terms)


def _count_first(plan: Row) -> Sentence | None:
    """That the books are below zero, where they are: what is said to be there is then a question."""
    return ("count_first", {"units": plan["below_zero_units"]}) if plan["below_zero_units"] else None
